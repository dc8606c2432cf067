"""What can be taken away from the page of the heads: its link, its numbers, and the Python that computes them."""

from app import studies, sweeps
from app.components import take_away
from app.components.take_away import Download
from app.scene import Scene
from interp.backend import Backend
from interp.exports import Header, Table
from interp.heads import HeadStudy, Over, head_rows, map_rows, spectrum_rows
from interp.snippets import Sample, heads_snippet


def show(scene: Scene, backend: Backend, over: Over) -> None:
    """Draw the button that opens it all. Nothing is computed before it is asked for."""
    sweep = studies.head_sweep(scene, backend).states[0]
    head = f"L{scene.layer}.H{scene.head}"
    makers = {
        "All heads": ("heads", lambda study: head_rows(study, over, studies.costs(scene, sweep))),
        "Their spectra": ("spectra", lambda study: spectrum_rows(study, over)),
        f"The maps of {head}": (f"maps-{head}", lambda study: map_rows(study, scene.layer, scene.head)),
    }
    downloads = [
        Download(
            label,
            csv=lambda rows=rows: Table(_header(scene, backend), rows(_whole(scene, backend))).csv(),
            json=lambda rows=rows: Table(_header(scene, backend), rows(_whole(scene, backend))).json(),
            name=f"{name}-{scene.puzzle.id if scene.sample == 1 else scene.puzzle.task}",
        )
        for label, (name, rows) in makers.items()
    ]
    take_away.show(downloads, {"the heads": _snippet(scene, over)}, key="heads-take-away")


def _whole(scene: Scene, backend: Backend) -> HeadStudy:
    """The study of all puzzles, even if it is still under way."""
    with backend.heads(scene.model, sweeps.puzzles_of(scene, backend), scene.ablation) as watch:
        while not watch.finished:
            watch.wait()
        assert watch.state is not None
        return watch.state


def _header(scene: Scene, backend: Backend) -> Header:
    ids = tuple(puzzle.id for puzzle in sweeps.puzzles_of(scene, backend))
    checkpoint = backend.model(scene.model).checkpoint_id
    return Header(scene.model, checkpoint, ids, scene.ablation.text, scene.measure)


def _snippet(scene: Scene, over: Over) -> str:
    structure = scene.structure.name if scene.structure else None
    sample = Sample(task=scene.puzzle.task, structure=structure, limit=scene.sample)
    if scene.sample == 1:
        sample = Sample(puzzle=scene.puzzle.id)
    return heads_snippet(scene.model, sample, over, ablation=scene.ablation.text)
