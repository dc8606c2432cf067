"""The page of the studies: without one; one whole, half done, of another version, of a model elsewhere."""

import json
import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.live import kept_studies
from app.views.studies import export
from app.views.studies.choices import VIEWS
from app.widgets.text import escape_markdown
from interp.checkpoints import load_model
from interp.studies.folder import StudyFolder
from interp.studies.progress import keep_rate
from interp.studies.questions import Study
from tests.support.pages import page_of, plain, run_until, words
from tests.support.studies import N, made_up


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_folder: str) -> Path:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    monkeypatch.setenv("PUZZLESCOPE_DATA", str(tmp_path))
    monkeypatch.setattr(kept_studies, "_LISTED", kept_studies._Listed())
    monkeypatch.setattr(kept_studies, "_asked", {})
    monkeypatch.setattr(kept_studies, "FRESH", 0.0)
    return tmp_path / "studies"


def opened(**link: str) -> AppTest:
    page = page_of("studies")
    for name, value in link.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception and not page.error, words(page)
    return page


def of_this_model(folder: Path) -> None:
    """Let a study be of the model that is here."""
    plan = json.loads((folder / "study.json").read_text())
    plan["checkpoint"] = load_model("default").checkpoint_id
    (folder / "study.json").write_text(json.dumps(plan))


@pytest.mark.usefixtures("data")
def test_without_a_study_it_says_how_to_begin_one() -> None:
    page = opened()
    assert "There is no study here yet" in page.info[0].value
    assert any("python -m interp study " in code.value for code in page.code)


def test_each_view_of_a_study_and_its_link(data: Path) -> None:
    made_up(data / "one")
    made_up(data / "two", shift=0.2, first=8)
    of_this_model(data / "one")
    for view in VIEWS:
        page = opened(study="one", show=view, part="L1.attn")
        assert page.query_params["study"] == "one" and page.query_params.get("show", "tasks") == view
        assert not page.warning and not page.info, [one.value for one in page.info]
    page = opened(study="one", show="sql", sql="SELECT count(*) AS puzzles FROM puzzles")
    assert page.dataframe[0].value.to_dict("list") == {"puzzles": [40]}
    page = opened(study="one", show="sql", sql="DROP VIEW effects")
    assert "Only one SELECT" in page.info[0].value
    page = opened(study="gone")
    assert "no study gone here any more" in page.info[0].value
    made_up(data / "begun", chunks=0)
    page = opened(study="gone")  # beside it stands one that says something
    assert page.selectbox(key="studies-study").value in ("one", "two")
    assert "A study has a plain name" in opened(study="../../etc").warning[0].value


def test_a_study_of_any_name_is_called_by_it(data: Path) -> None:
    """In a command as a shell reads it, and as it is where Markdown would read it otherwise."""
    name = "my *odd* $name$ of 2"
    made_up(data / "one")
    made_up(data / name)
    page = opened(study=name, show="sql")
    assert f"`python -m interp study-sql '{name}' …`" in words(page)
    page.button(key="studies-export-menu").click().run()
    next(one for one in page.segmented_control if "Data" in one.options).set_value("Data").run()
    said = [one.value for one in page.markdown if "beside" in one.value]
    assert said == [escape_markdown(f"{name} beside one, by task")]


def test_no_old_answer_stands_below_a_new_question(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer may take seconds. The same question to a study that grows keeps its answer meanwhile."""
    made_up(data / "one")
    page = opened(study="one", show="sql")
    assert page.dataframe

    def not_yet(*_: object) -> None:
        raise RuntimeError("not yet")

    monkeypatch.setattr(kept_studies, "answered", not_yet)
    assert "Asking …" not in words(page.run()) and page.exception
    page.text_area[0].set_value("SELECT 2 AS two")
    next(one for one in page.button if one.label == "Ask").click().run()
    assert "Asking …" in words(page) and not page.dataframe


def test_what_a_plan_costs_is_measured_when_asked_for(data: Path) -> None:
    page = opened(n="1000", kinds="attn")
    assert not any("runs of the model" in said for said in words(page).splitlines())
    page.button(key="studies-measure").click()
    run_until(page, lambda page: "1,000 puzzles with 4 runs of the model each: " in words(page))
    first, command = page.code
    assert first.value.startswith("python -m interp study first --puzzles bank --limit 64 ")
    assert command.value == "python -m interp study my-study --puzzles generate:1000 --components attn"
    page.number_input(key="studies-n").set_value(2000).run()  # the rate is known
    assert "2,000 puzzles with 4 runs" in words(page) and page.query_params["n"] == "2000"
    made_up(data / "my-study")
    page = opened(n="0")
    assert "Expected a number from 1" in page.warning[0].value
    assert any(code.value.startswith("python -m interp study my-study-2 ") for code in page.code)


def test_two_studies_say_what_one_of_them_lacks(data: Path) -> None:
    made_up(data / "one")
    made_up(data / "two", shift=0.2, model="elsewhere")
    made_up(data / "others", first=N)
    told = json.loads((data / "two" / "study.json").read_text())

    def compared(other: str = "two", part: str = "L1.attn", **changed: list[str]) -> str:
        (data / "two" / "study.json").write_text(json.dumps(told | changed))
        page = opened(study="one", show="compare", other=other, part=part)
        return "\n".join([words(page), *(one.value for one in page.info)])

    assert "what ablating L1.attn costs: means over the 40 puzzles" in compared()
    assert "one is of the model default, two of elsewhere" in compared()
    assert "two has no component L1.attn: compared with nothing" in compared(components=["L0.attn", "L1.H1"])
    assert "no component in common" in compared(components=["L2.attn"])
    assert "Not both have measured loss: compared by cells broken" in compared(measures=["cells", "solved"])
    assert "no measure in common: one has loss, cells, solved, flips, two has flips" in compared(
        measures=["flips"]
    )
    assert "The studies one and others have no puzzle in common" in compared("others")


def test_one_without_losses_opens_on_what_it_has(data: Path) -> None:
    made_up(data / "one")
    plan = data / "one" / "study.json"
    told = json.loads(plan.read_text())
    plan.write_text(json.dumps(told | {"measures": ["flips", "solved"]}))
    page = opened(study="one")
    assert next(one for one in page.button_group if one.key == "studies-by").value == "answers"


@pytest.mark.parametrize("view", ["tasks", "spread"])
def test_tables_are_put_in_order_by_their_numbers(data: Path, view: str) -> None:
    """As text 1.0e-9 would stand above 0.7."""
    made_up(data / "one")
    page = opened(study="one", show=view, part="L1.attn")
    assert ("each to within about 6 %" in words(page)) == (view == "spread"), "it is read from bins"
    (shown,) = page.dataframe
    kinds = {str(kind) for name, kind in shown.value.dtypes.items() if name not in ("task", "component")}
    assert kinds == {"float64", "int64"}


def test_puzzles_that_flip_lead_to_the_workbench(data: Path) -> None:
    made_up(data / "one")
    made_up(data / "elsewhere", model="elsewhere")
    of_this_model(data / "one")
    page = opened(study="one", show="flips", part="L1.attn")
    (html,) = [one.proto.body for one in page.get("html") if "<ul" in one.proto.body]
    assert html.count("off=L1.attn") == html.count("<li>") == 26
    page = opened(study="elsewhere", show="flips", part="L1.attn")
    assert "The model elsewhere is not here" in page.info[0].value


def test_one_that_is_half_done_and_one_that_cannot_be_read(data: Path) -> None:
    made_up(data / "half", chunks=1)
    made_up(data / "begun", chunks=0)
    made_up(data / "old")
    plan = data / "old" / "study.json"
    plan.write_text(plan.read_text().replace('"schema": 1', '"schema": 0'))
    assert "Nothing of it is computed yet" in words(opened(study="begun"))
    keep_rate(StudyFolder(str(data / "begun")), 0.2)
    page = opened(study="begun")
    assert bar(page) == "0 of 40 puzzles, 0.2 a second, 3.3 minutes left"
    assert "after its first chunk of 16 puzzles (about 1.3 minutes)" in words(page)
    assert "is of version 0 of studies" in opened(study="old").info[0].value
    made_up(data / "broken")
    (data / "broken" / "study.json").write_text('{"schema": 1, "components": 3}')
    assert plain(opened(study="broken").info[0].value) == (
        "broken/study.json is not the plan of a study: it cannot be read."
    )
    made_up(data / "damaged")
    for path in (data / "damaged" / "effects").iterdir():
        path.write_bytes(path.read_bytes()[:100])
    page = page_of("studies")
    page.query_params["study"] = "damaged"
    page.run()
    assert not page.exception and "A part of the study could not be read" in page.error[0].value


def test_one_at_work_is_followed_to_its_end_and_one_that_was_stopped_says_how_to_go_on(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_up(data / "half", chunks=1)
    page = opened(study="half")
    assert bar(page).startswith("16 of 40 puzzles, at work")
    assert "python -m interp study half" not in words(page)
    for path in (data / "half" / "effects").iterdir():
        os.utime(path, (0, 1e9))
    page.run()
    assert bar(page) == "16 of 40 puzzles, nothing new lately"
    assert "If it was stopped, `python -m interp study half` goes on" in words(page)
    made_up(data / "half")
    page.run()
    assert bar(page) == "Complete: 40 puzzles"  # in the room that it had
    assert not opened(study="half").get("progress")


def bar(page: AppTest) -> str:
    """What the progress bar says."""
    (found,) = page.get("progress")
    return str(found.proto.text)


def test_both_charts_are_exported_with_what_they_are_of(data: Path) -> None:
    made_up(data / "one")
    page = opened(study="one", show="spread", part="L1.attn")
    assert any(one.label == "Export" for one in page.button)
    study = Study(data / "one")
    offers = export.offered(study, "final", "L1.attn", "")
    for figure in offers.figures.values():
        plate = figure.plate()
        assert "40 puzzles of the study one" in plate.caption and "weights" not in plate.caption
        assert len(plate.csv().splitlines()) > 8 and plate.svg().startswith("<?xml")
    marks = offers.figures["study"].plate().marks
    assert [text for text, _ in marks] == [
        "nats more of loss on the final grid:", "≤ 0.001", "0.01", "0.1", "1", "≥ 3"
    ]  # fmt: skip
    answers = export.offered(study, "answers", "L1.attn", "").figures["study"].plate()
    assert "Colour: answers lost, of 100, mean over the puzzles of a task" in answers.caption
    assert answers.marks[-1][0] == "100"
    made_up(data / "half", chunks=1)
    half = export.offered(Study(data / "half"), "final", "L1.attn", "").figures["study"].plate()
    assert "the first 16 of 40 puzzles of the study half, in progress" in half.caption
    effects, flips = offers.downloads
    assert "L1.attn" in effects.csv() and flips.csv().count(",lost,") == 26
    exec(compile(next(iter((offers.snippets or {}).values())), "program", "exec"), {})  # noqa: S102
