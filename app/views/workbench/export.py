"""The export menu of the workbench."""

from app.live import methods, synergies
from app.state.scene import Scene
from app.views.shared import note
from app.views.shared.export import header_of, sample_of
from app.views.shared.report import exports
from app.views.workbench import desk
from app.views.workbench.answer import Answers, told
from app.views.workbench.figures import effect_rows, shown, sweep_question
from app.widgets.export_menu import menu
from app.widgets.export_menu.menu import Download, Exports
from app.widgets.loss_readout import has_cells
from interp.analyses.attention import AttentionOf
from interp.analyses.by_method.rankings import COMPARED
from interp.analyses.conditional import both_program
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend
from interp.engine.comparison import pair_rows
from interp.engine.forcing import forced_text
from interp.engine.measures import METRICS
from interp.export.tables import Table
from interp.grids import CELLS, SIZE
from interp.numbers import short
from interp.tokens import predicting_position


def show(scene: Scene, backend: Backend, answers: Answers) -> None:
    """Draw the button that opens it all. Nothing is computed before it is asked for."""
    menu.show(lambda: offered(scene, backend, answers), key="export-menu", note=note.editor(scene))


def offered(scene: Scene, backend: Backend, answers: Answers) -> Exports:
    """What the page offers."""
    makers = {
        "The answer, cell by cell": ("answer", lambda: _prediction(scene, backend, answers)),
        "Ablation effects": ("sweep", lambda: _sweep(scene, backend)),
        "Where the head attends": ("attention", lambda: _attention(scene, backend)),
    }
    if answers.pinned is not None:
        makers["Pinned and now, cell by cell"] = ("pinned", lambda: _pair(scene, backend, answers))
    if synergies.pairs(scene, backend) is not None:  # it takes long: only who has asked for it
        makers["Pairs of heads"] = ("pairs", lambda: _pairs(scene, backend))
    if methods.compared(scene, backend) is not None:
        makers["Ranks by each method"] = ("methods", lambda: _methods(scene, backend))
    if desk.is_shown(scene, answers.now):
        makers["Why it is wrong"] = ("failure", lambda: _failure(scene, backend))
    downloads = [
        Download.of(label, f"{name}-{scene.puzzle.id}", make) for label, (name, make) in makers.items()
    ]
    clean, ablated = answers.clean, answers.ablated
    runs = {"Loss, clean": clean, **({"Loss, ablated": ablated} if ablated is not None else {})}
    facts = [
        (name, ", ".join(f"{cut} {short(run.loss.mean(cut))}" for cut in METRICS if has_cells(run.loss, cut)))
        for name, run in runs.items()
    ]
    return exports(
        scene,
        "Workbench",
        shown(scene, backend, answers),
        downloads,
        _programs(scene, backend, answers),
        [("What it did", told(scene, backend, answers)), *facts],
    )


def _prediction(scene: Scene, backend: Backend, answers: Answers) -> Table:
    header = header_of(scene, backend, [scene.puzzle], scene.ablation.text + _forced(scene))
    return Table(header, answers.clean.rows(scene.puzzle, answers.ablated, scene.answer))


def _pair(scene: Scene, backend: Backend, answers: Answers) -> Table:
    """Both answers, where an ablation is pinned."""
    assert scene.pin is not None and answers.pinned is not None
    both = f"pinned: {scene.pin.text}; now: {scene.ablation.text or 'clean'}{_forced(scene)}"
    header = header_of(scene, backend, [scene.puzzle], both)
    return Table(header, pair_rows(scene.puzzle, answers.pinned, answers.now, scene.answer))


def _forced(scene: Scene) -> str:
    """What is forced, behind what is ablated in a file's header."""
    return f"; forced: {forced_text(scene.force)}" if scene.force else ""


def _sweep(scene: Scene, backend: Backend) -> Table:
    """All of it, even if the board was stopped before."""
    question = sweep_question(scene, backend)
    off = scene.ablation.text  # each row says whether its effect is given that
    return Table(header_of(scene, backend, question.puzzles, off), effect_rows(scene, backend))


def _pairs(scene: Scene, backend: Backend) -> Table:
    """All of them, even if they were stopped before."""
    question = synergies.question(scene, backend)
    header = header_of(scene, backend, question.puzzles, question.base.text)
    return Table(header, backend.ask(scene.model, question).rows())


def _methods(scene: Scene, backend: Backend) -> Table:
    """All of them, even if they were stopped before."""
    question = methods.question(scene, backend, COMPARED[0])
    header = header_of(scene, backend, question.puzzles, question.base.text)
    return Table(header, methods.whole(scene, backend).rows())


def _attention(scene: Scene, backend: Backend) -> Table:
    attention = backend.ask(scene.model, AttentionOf(scene.puzzle, scene.ablation, scene.layer))
    query = predicting_position(*divmod(scene.cell % CELLS, SIZE))
    header = header_of(scene, backend, [scene.puzzle])
    return Table(header, attention.rows(scene.puzzle, scene.head, query))


def _failure(scene: Scene, backend: Backend) -> Table:
    """All that was found, searched to the end."""
    header = header_of(scene, backend, [scene.puzzle])
    return Table(header, backend.ask(scene.model, desk.question_of(scene)).rows())


def _programs(scene: Scene, backend: Backend, answers: Answers) -> dict[str, str]:
    attention = AttentionOf(scene.puzzle, scene.ablation, scene.layer)
    sweep, sample = sweep_question(scene, backend), sample_of(scene)
    programs = {
        "the answer": PredictionOf(scene.puzzle, scene.ablation, scene.force).program(scene.model),
        "ablation effects": sweep.program(scene.model, sample=sample, measure=scene.measure),
        "where the head looks": attention.program(scene.model, head=scene.head, cell=scene.cell % CELLS),
        "pairs of heads": synergies.question(scene, backend).program(
            scene.model, sample=sample, measure=scene.measure
        ),
    }
    if scene.ablation:
        both = both_program(sweep, scene.ablation, scene.model, sample, scene.measure)
        programs["both effects of each component"] = both
    if desk.is_shown(scene, answers.now):
        programs["why it is wrong"] = desk.question_of(scene).program(scene.model)
    return programs
