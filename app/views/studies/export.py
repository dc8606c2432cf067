"""The export menu of the page of the studies: both charts, and the numbers in them."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from app.views.shared.plates import figures
from app.views.studies import tasks
from app.widgets.export_menu import menu
from app.widgets.export_menu.menu import Download, Exports
from interp.engine.measures import MEASURES
from interp.export.tables import Header, Table
from interp.figures.scale import quantity
from interp.figures.studies import spread_bars, study_map
from interp.figures.studies.maps import ALL
from interp.studies.questions import Study
from interp.studies.questions.tables import Measure

if TYPE_CHECKING:
    from interp.figures.paper import Plate


def show(study: Study) -> None:
    """Draw the button that opens it all. Nothing is computed before it is asked for."""

    def all_of_it() -> Exports:
        return offered(study, tasks.measure_of(study), tasks.part_of(study), tasks.task_of(study))

    menu.show(all_of_it, key="studies-export-menu")


def offered(study: Study, measure: Measure, part: str, task: str) -> Exports:
    """What the page offers of a study's effects.

    Args:
        part: the component whose effect is spread over puzzles.
        task: of those puzzles; empty for all.
    """
    from interp.figures.paper import Chart, Plate, file_name

    plan, of = study.plan, f"{study.plan.n:,} puzzles of the study {study.name}"
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
        about = f"{how} Colour: {quantity(measure)}, mean over the puzzles of a task."
        return Plate(
            chart.layout.title.text,
            Chart(chart),
            header(measure),
            effects(),
            about,
            name=name("study", measure),
        )

    def spread() -> "Plate":
        found = study.distribution(part, task)
        chart = spread_bars(found, part, task or ALL)
        rows = tuple(
            {"from_nats": low, "to_nats": high, "puzzles": count}
            for low, high, count in zip(found.starts, found.ends, found.counts, strict=True)
        )
        return Plate(
            chart.layout.title.text, Chart(chart), header("final"), rows, how, name=name("spread", part)
        )

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
            )
        ],
        {"the effects by task": _program(study, measure)},
        name=name("study"),
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
