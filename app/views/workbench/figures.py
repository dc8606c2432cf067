"""The figures of the workbench, for papers: each is made when it is asked for, from complete results."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from app.live import methods, sweeps, synergies
from app.state.scene import Scene
from app.views.shared import attention_plates
from app.views.shared.plates import LONGEST, answer_strip, figures, plate
from app.views.workbench import compare, pair
from app.views.workbench.answer import Answers, told
from app.views.workbench.choices import BASES
from app.widgets.export_menu.figures import Figure
from app.widgets.pair import SHORT as PAIR_SHORT
from interp.ablation import COMPONENT_KINDS, components_of
from interp.analyses.ablation_sweep import Sweep, SweepState, sweep_summary
from interp.analyses.by_method.rankings import COMPARED
from interp.analyses.conditional import GIVEN, both_rows
from interp.analyses.prediction import PredictionOf
from interp.analyses.synergy import Synergy
from interp.backend import Backend
from interp.engine.forcing import forced_text
from interp.errors import brief
from interp.figures.rankings import LEGEND as RANK_LEGEND
from interp.figures.rankings import rankings_map
from interp.figures.scale import legend
from interp.figures.sweep import Kind, board_map, head_map, layer_chart, task_map
from interp.figures.synergy import LEGEND, synergy_map
from interp.pairs import Pair
from interp.tasks import TASKS

if TYPE_CHECKING:
    from interp.figures.paper import Plate


def shown(scene: Scene, backend: Backend, answers: Answers) -> dict[str, Figure]:
    """All of the page, by their names."""
    made = partial(_effects, scene, backend)
    ranked = methods.compared(scene, backend) is not None
    tasks, pairs = sweeps.task_sweeps(scene) is not None, synergies.pairs(scene, backend) is not None
    return figures(
        ("answer", "the answer", lambda: _answer(scene, backend, answers)),
        ("board", "the ablation board", lambda: made("board")),
        ("layers", "the effects of attention layers", lambda: made("layers")),
        ("mlps", "the effects of MLPs", lambda: made("mlps")),
        ("heads", "the effects of heads", lambda: made("heads")),
        *([("pairs", "pairs of heads", lambda: _pairs(scene, backend))] if pairs else []),
        *([("methods", "ranks by each method", lambda: _methods(scene, backend))] if ranked else []),
        *([("tasks", "tasks × layers", lambda: _tasks(scene, backend))] if tasks else []),
        *([("pair", "the counterfactual", lambda: _pair(scene, backend))] if pair.is_shown(scene) else []),
        *attention_plates.offered(scene, backend),
    )


def sweep_question(scene: Scene, backend: Backend) -> Sweep:
    """The board's sweep, to its end."""
    return Sweep(
        tuple(sweeps.puzzles_of(scene, backend)),
        tuple(components_of(backend.model(scene.model).cfg, COMPONENT_KINDS)),
        sweeps.sweep_base(scene),
        sweeps.sweep_method(scene),
    )


def _answer(scene: Scene, backend: Backend, answers: Answers) -> "Plate":
    """The strip as it stands on the page: with what is pinned, and with another model's answer."""
    pinned = scene.pin is not None and answers.pinned is not None
    before = answers.pinned if answers.pinned is not None else answers.clean
    after = answers.now if pinned else answers.ablated
    names = ("Pinned", "Now") if pinned else ("Model", "Ablated")
    title, more, about = "", [], told(scene, backend, answers)
    if scene.pin is not None:
        title = (
            f"Pinned: {brief(scene.pin.text, LONGEST)}; now: {brief(scene.ablation.text, LONGEST) or 'clean'}"
        )
        more.append(f"pinned-{scene.pin.text}")
    if scene.force:
        more.append(f"forced-{forced_text(scene.force)}")
    beside = {}
    if scene.beside:
        other = compare.ask_other(scene, backend)
        beside[scene.beside] = other.panel(scene, scene.beside), other.ablated or other.clean
        more.append(f"beside-{scene.beside}")
        about = f"{about} {other.misfit or f'{scene.beside}: another model, the same ablation.'}"
    return answer_strip(
        scene, backend, before, after, names=names, beside=beside, title=title, about=about, more=more
    )


def _pair(scene: Scene, backend: Backend) -> "Plate":
    """The counterfactual that is shown, and the answers to it."""
    found = pair.made(scene)
    assert isinstance(found, Pair)
    other = replace(scene, puzzle=found.counterfactual)
    clean = backend.ask(scene.model, PredictionOf(other.puzzle))
    off = backend.ask(scene.model, PredictionOf(other.puzzle, scene.ablation)) if scene.ablation else None
    about = f"{PAIR_SHORT[found.kind]} It is made of puzzle {scene.puzzle.id}."
    return answer_strip(other, backend, clean, off, about=about, more=["counterfactual", found.kind])


def _effects(scene: Scene, backend: Backend, name: str) -> "Plate":
    """The board, or one of the charts below it."""
    question, given = sweep_question(scene, backend), sweeps.is_given(scene)
    off = list(question.base.components)  # hatched: what the caption says is ablated
    state = backend.ask(scene.model, question)
    clean, *rows = state.common()
    kinds = {"board": COMPONENT_KINDS, "layers": ["attn"], "mlps": ["mlp"], "heads": ["head"]}[name]
    own = [row for row in rows if row.component is not None and row.component.kind in kinds]
    if name in ("layers", "mlps"):
        kind: Kind = "attn" if name == "layers" else "mlp"
        chart = layer_chart(own, clean, scene.measure, kind, off, given=given)
    else:
        chart = (head_map if name == "heads" else board_map)(own, clean, scene.measure, off, given=given)
    names = {"nothing", *(row.component.text for row in own if row.component is not None)}
    numbers = [row for row in effect_rows(scene, backend) if row["component"] in names]
    how = (
        f"Each component {question.method.words} in turn{f', {BASES[scene.base]}' if scene.ablation else ''}."
    )
    return plate(
        scene,
        backend,
        chart,
        figure=name,
        puzzles=question.puzzles,
        ablation=question.base,
        measure=scene.measure,
        rows=numbers,
        about=f"{how} {legend(scene.measure)} {sweep_summary(own, clean, scene.measure, given=given)}",
        more=_method(question),
    )


def effect_rows(scene: Scene, backend: Backend) -> tuple[dict[str, Any], ...]:
    """The numbers of the board. Where something is off, both effects of every component: those that the board
    shows, and then the others (:func:`interp.analyses.conditional.both_rows`)."""
    question = sweep_question(scene, backend)
    state = backend.ask(scene.model, question)
    if not scene.ablation:
        return state.rows(question.puzzles, question.method)
    other = sweep_question(sweeps.other_base(scene), backend)
    return both_rows([(question, state), (other, backend.ask(scene.model, other))])


def _pairs(scene: Scene, backend: Backend) -> "Plate":
    """The map of all pairs of heads, to its end."""
    question = synergies.question(scene, backend)
    state = backend.ask(scene.model, question)
    off = list(question.base.components)
    return plate(
        scene,
        backend,
        synergy_map(state, scene.measure, off, given=GIVEN if question.base else ""),
        figure="pairs",
        puzzles=question.puzzles,
        ablation=question.base,
        measure=scene.measure,
        marked=False,
        rows=state.rows(),
        about=f"Each two heads {question.method.words}. {LEGEND} {state.summary(scene.measure)}",
        more=_method(question),
    )


def _methods(scene: Scene, backend: Backend) -> "Plate":
    """The rank correlations of methods, to their end."""
    question = methods.question(scene, backend, COMPARED[0])
    found = methods.whole(scene, backend)
    return plate(
        scene,
        backend,
        rankings_map(found),
        figure="methods",
        puzzles=question.puzzles,
        ablation=question.base,
        measure=scene.measure,
        marked=False,
        rows=found.rows(),
        about=f"{RANK_LEGEND} {found.summary()}",
    )


def _method(question: Sweep | Synergy) -> list[str]:
    return [] if question.method.text == "zero" else [question.method.text]


def _tasks(scene: Scene, backend: Backend) -> "Plate":
    parts = tuple(components_of(backend.model(scene.model).cfg, ["attn"]))
    base, method = sweeps.sweep_base(scene), sweeps.sweep_method(scene)
    questions = {
        task: Sweep(tuple(sweeps.puzzles_of_task(scene, backend, task)), parts, base, method)
        for task in TASKS
    }
    states: dict[str, SweepState] = {
        task: backend.ask(scene.model, question) for task, question in questions.items()
    }
    off = list(base.components)
    numbers = [
        {"task": task, **row}
        for task, state in states.items()
        for row in state.rows(questions[task].puzzles, method)
    ]
    return plate(
        scene,
        backend,
        task_map(states, scene.measure, off, given=bool(base)),
        figure="tasks",
        puzzles=[puzzle for question in questions.values() for puzzle in question.puzzles],
        ablation=base,
        measure=scene.measure,
        rows=numbers,
        about=f"Each attention layer {method.words} in turn. {legend(scene.measure)}",
        more=_method(next(iter(questions.values()))),
    )
