"""The page of the studies: without one; one whole, half done, of another version, of a model elsewhere."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.live import kept_studies
from app.views.studies import export
from app.views.studies.choices import VIEWS
from interp.checkpoints import load_model
from interp.studies.questions import Study
from tests.support.pages import page_of, words
from tests.support.studies import made_up


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_folder: str) -> Path:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    monkeypatch.setenv("PUZZLESCOPE_DATA", str(tmp_path))
    monkeypatch.setattr(kept_studies, "_LISTED", kept_studies._Listed())
    monkeypatch.setattr(kept_studies, "_asked", {})
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
    assert "A study has a plain name" in opened(study="../../etc").warning[0].value


def test_one_without_losses_opens_on_what_it_has(data: Path) -> None:
    made_up(data / "one")
    plan = data / "one" / "study.json"
    told = json.loads(plan.read_text())
    plan.write_text(json.dumps(told | {"measures": ["flips", "solved"]}))
    page = opened(study="one")
    assert next(one for one in page.button_group if one.key == "studies-by").value == "answers"


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
    assert "16 of 40 so far" in words(opened(study="half"))
    assert "first chunk of puzzles is not done yet" in opened(study="begun").info[0].value
    assert "is of version 0 of studies" in opened(study="old").info[0].value


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
    assert "L1.attn" in offers.downloads[0].csv()
    exec(compile(next(iter((offers.snippets or {}).values())), "program", "exec"), {})  # noqa: S102
