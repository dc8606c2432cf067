"""A story as one HTML file: the pictures and the sentence of every scene, computed when it is asked for."""

import numpy as np
from jaxtyping import Integer

from app.state.scene import LONGEST_OFF, Scene, scene_from_query
from app.state.stories import Story, StoryScene
from app.state.stories.caption import html
from app.state.stories.markdown_file import address
from app.views.shared.puzzle_panels import decoded
from app.widgets import story_file
from app.widgets.palette import PALETTES
from app.widgets.story_file import FileScene, Picture
from interp.analyses.narration import narrate
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend
from interp.engine.answers import Prediction
from interp.engine.forcing import forced_text
from interp.errors import brief
from interp.figures.grids import grid_svg
from interp.figures.outcomes import told
from interp.grids import SIZE


def made(story: Story, root: str, backend: Backend) -> str:
    """The file's text.

    Args:
        root: the dashboard's address, for the links back.
    """
    scenes = [_scene(scene, root, backend) for scene in story.scenes]
    return story_file.made(story.title, story.summary, story.author, scenes)


def _scene(scene: StoryScene, root: str, backend: Backend) -> FileScene:
    found, _ = scene_from_query(dict(scene.query), backend)
    clean = backend.ask(found.model, PredictionOf(found.puzzle, forced=found.force))
    ablated = None
    if found.ablation:
        ablated = backend.ask(found.model, PredictionOf(found.puzzle, found.ablation, found.force))
    cfg = backend.model(found.model).cfg
    said = narrate(found.puzzle, found.ablation, clean, ablated, decoding=found.answer, cfg=cfg)
    off = brief(found.ablation.text, LONGEST_OFF) if found.ablation else "nothing"
    source = f"Model {found.model}, puzzle {found.puzzle.id} ({found.puzzle.task}); ablated: {off};"
    source += f" forced: {forced_text(found.force)};" if found.force else ""
    source += f" answer: {found.answer}."
    return FileScene(
        scene.heading,
        html(scene.caption),
        _pictures(found, clean, ablated),
        said,
        source,
        root + address(scene),
    )


def _pictures(scene: Scene, clean: Prediction, ablated: Prediction | None) -> list[Picture]:
    """The four grids and the answers, wrong cells outlined."""
    names, grids = scene.puzzle.structure.name.split(" "), scene.puzzle.grids
    signs = ["", "→", "gap", "→"]
    titles = [*names[:3], f"{names[3]}, truth"]
    pictures = [
        Picture(title, "", _svg(scene, cells, None, title), sign)
        for title, cells, sign in zip(titles, grids, signs, strict=True)
    ]
    pictures.append(_answer("Model", scene, clean, "gap"))
    return [*pictures, _answer("Ablated", scene, ablated)] if ablated is not None else pictures


def _answer(title: str, scene: Scene, run: Prediction, opens: str = "") -> Picture:
    cells = decoded(run, scene.answer)[0].reshape(SIZE, SIZE)
    truth = scene.puzzle.grids[3]
    wrong = int((cells != truth).sum())
    return Picture(title, told(wrong), _svg(scene, cells, truth, title), opens)


def _svg(
    scene: Scene, cells: Integer[np.ndarray, "10 10"], truth: Integer[np.ndarray, "10 10"] | None, title: str
) -> str:
    wrong = None if truth is None else cells != truth
    return grid_svg(cells, wrong, title=title, palette=PALETTES[scene.palette], digits=scene.digits)
