"""A model in which a circuit is planted, on every page: what cannot be had of it is told as a notice, and
nothing fails."""

from pathlib import Path

import pytest
import torch

from app.state import backend
from app.views import PAGES
from interp.checkpoints import save_model
from interp.circuits.graph import Graph
from interp.model.planted import Planted
from interp.tokens import STRUCTURES
from tests.support.models import SMALL, small_model
from tests.support.pages import page_of, run_until, words

REFUSED = "cannot be had of a planted circuit"


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All edges are kept, so that it says what the small model says."""
    model, own = small_model(), Planted(SMALL, len(STRUCTURES))
    own.markers[:] = torch.tensor([float(one.markers[0]) for one in STRUCTURES])
    own.kept[:] = torch.from_numpy(Graph(SMALL).possible)
    model.plant(own)
    folder = tmp_path_factory.mktemp("planted")
    save_model(model, folder, "# A circuit\n", replace=True)
    return folder


@pytest.fixture
def folder(planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", str(planted))
    monkeypatch.setattr(backend, "_backend", None)  # that of the tests before still has its default model


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", [page.name for page in PAGES])
def test_a_page_opens(name: str) -> None:
    page = page_of(name)
    page.run()
    page.run()  # what it watches has begun
    assert not page.exception and not page.error, words(page)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("name", "view"), [("circuits", "readers"), ("circuits", "lens"), ("circuits", "graph"), ("heads", "why")]
)
def test_what_cannot_be_had_is_a_notice(name: str, view: str) -> None:
    page = page_of(name)
    page.query_params["show"] = view
    run_until(page, lambda page: bool(page.info))
    assert not page.exception and not page.error and REFUSED in page.info[0].value
    assert page.segmented_control(key=f"{name}-view").value == view, "the rest of the page stands"
