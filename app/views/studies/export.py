"""The export menu of the page of the studies: both charts, the numbers in them, and the tables."""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from app.live import kept_studies
from app.views.shared.plates import figures, legend_marks
from app.views.studies import comparing, tasks
from app.views.studies.tasks import OF
from app.widgets.export_menu import menu
from app.widgets.export_menu.menu import Download, Exports
from interp.engine.measures import MEASURES
from interp.export.tables import Header, Table
from interp.figures.scale import quantity
from interp.figures.studies import spread_bars, study_map
from interp.figures.studies.maps import ALL
from interp.studies.questions import Study
from interp.studies.questions.tables import Distribution, Measure

if TYPE_CHECKING:
    from interp.figures.paper import Plate


MOST_FLIPS = 10_000
"""Puzzles of a file: SQL has more."""


def show(study: Study) -> None:
    """Draw the button that opens it all. Nothing is computed before it is asked for."""

    def all_of_it() -> Exports:
        part = tasks.part_of(study)
        own = offered(study, tasks.measure_of(study), part, tasks.task_of(study))
        return replace(own, downloads=[*own.downloads, *_beside(study)])

    menu.show(all_of_it, key="studies-export-menu")


def _beside(study: Study) -> list[Download]:
    """The table of two studies, if there is another that has measured the same."""
    others = comparing.others_than(study.name)
    if not others:
        return []
    other = kept_studies.study_named(comparing.other_of(others))
    measures = comparing.shared_measures(study, other)
    if not measures:
        return []
    part, measure = comparing.part_of(study, other), tasks.measure_among(measures)
    plan = study.plan
    of = f"the puzzles that the studies {study.name} and {other.name} both have"

    def table() -> Table:
        rows = (
            {
                "task": one.task or ALL,
                "component": part,
                "puzzles": one.difference.n,
                study.name: one.one.mean,
                other.name: one.other.mean,
                "difference": one.difference.mean,
                "difference_from": one.difference.low,
                "difference_to": one.difference.high,
            }
            for one in comparing.found_of(study, other, part, measure)
        )
        return Table(Header(plan.model, plan.checkpoint, (of,), plan.base, measure), tuple(rows))

    return [Download.of(f"{study.name} beside {other.name}, by task", f"{study.name}-{other.name}", table)]


def offered(study: Study, measure: Measure, part: str, task: str) -> Exports:
    """What the page offers of a study's effects.

    Args:
        part: the component whose effect is spread over puzzles.
        task: of those puzzles; empty for all.
    """
    from interp.figures.paper import Chart, Plate, file_name

    plan, done = study.plan, study.plan.count(study.summary.chunks)
    of = f"{done:,} puzzles of the study {study.name}"
    if done < plan.n:
        of = f"the first {done:,} of {plan.n:,} puzzles of the study {study.name}, in progress"
    how = f"Study of {plan.puzzles}: each component ablated ({plan.method}) on each puzzle."

    def name(figure: str, *more: str) -> str:
        return file_name(figure, task=task or "all-tasks", puzzle=study.name, model=plan.model, more=more)

    def header(by: str) -> Header:
        return Header(plan.model, plan.checkpoint, (of,), plan.base, by)

    def effects() -> tuple[dict[str, Any], ...]:
        found = study.effects(measure)
        return tuple(asdict(one) | {"change": one.change.mean, **_interval(one.change)} for one in found)

    def by_task() -> "Plate":
        chart = study_map(study.effects(measure), measure, part)
        colour = ", ".join(filter(None, (quantity(measure), tasks.against(measure))))
        about = f"{how} Colour: {colour}, mean over the puzzles of a task."
        return Plate(
            chart.layout.title.text,
            Chart(chart),
            header(measure),
            effects(),
            about,
            legend_marks(measure, OF),
            name("study", measure),
        )

    def spread() -> "Plate":
        found = study.distribution(part, task)
        chart = spread_bars(found, part, task or ALL)
        title, called = chart.layout.title.text, name("spread", part)
        return Plate(title, Chart(chart), header("final"), _bars(found), how, name=called)

    return Exports(
        figures(
            ("study", "every component by task", by_task),
            ("spread", f"how the effect of {part} is spread over puzzles", spread),
        ),
        [
            Download.of(
                f"Effects by task, {MEASURES[measure].name}",
                name("effects", measure),
                lambda: Table(header(measure), effects()),
            ),
            Download.of(
                f"Puzzles that flip without {part}",
                name("flips", part),
                lambda: Table(header("answers"), _flips(study, part, task)),
            ),
        ],
        {"the effects by task": _program(study, measure)},
        name=name("study"),
    )


def _bars(found: Distribution) -> tuple[dict[str, Any], ...]:
    return tuple(
        {"from_nats": low, "to_nats": high, "puzzles": count}
        for low, high, count in zip(found.starts, found.ends, found.counts, strict=True)
    )


def _flips(study: Study, part: str, task: str) -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "puzzle": flip.puzzle.id,
            "number": flip.number,
            "task": flip.puzzle.task,
            "component": part,
            "flip": "lost" if flip.lost else "won",
            "change_of_loss": flip.change,
        }
        for flip in study.flips(part, task, MOST_FLIPS)
    )


def _interval(change: Any) -> dict[str, Any]:
    return {"n": change.n, "change_from": change.low, "change_to": change.high}


def _program(study: Study, measure: str) -> str:
    return (
        "from interp import open_study\n"
        "from interp.studies.questions import Study\n\n"
        f"study = Study(open_study({study.name!r}))\n"
        f"for effect in study.effects({measure!r}):\n"
        "    print(effect.task or 'all tasks', effect.component, effect.change.mean, effect.change.low,"
        " effect.change.high)\n"
    )
