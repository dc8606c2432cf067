"""What a page lets one choose, to and from its link."""

from collections.abc import Mapping
from dataclasses import fields
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.state import scene
from app.state.link import Context, Parameter, one_of, query_of, read_one_of, read_query, unknown
from app.views import PAGES, Page
from interp import load_puzzles
from interp.backend import Backend
from interp.errors import PuzzlescopeError
from interp.puzzles import PuzzleSet
from tests.support.models import SMALL
from tests.support.pages import choices_of

HERE = Context(SMALL, load_puzzles("bank"))


def read_layer(text: str, context: Context) -> int:
    if not text.isdecimal() or int(text) >= context.cfg.n_layers:
        raise PuzzlescopeError(f"There is no layer {text}.")
    return int(text)


CHOICES = {
    "kind": one_of(("q", "k", "v"), "k", "kind of input"),
    "layer": Parameter(0, read_layer),
    "on": one_of((False, True), False),
}


@given(kind=st.sampled_from("qkv"), layer=st.integers(0, SMALL.n_layers - 1), on=st.booleans())
def test_what_is_written_in_a_link_is_read_from_it(kind: str, layer: int, on: bool) -> None:
    values = {"kind": kind, "layer": layer, "on": on}
    query = query_of(values, CHOICES)
    assert read_query(query, CHOICES, HERE) == (values, [])
    assert len(query) == (kind != "k") + (layer != 0) + on


def test_defaults_leave_the_link_empty() -> None:
    values, problems = read_query({"off": "L1.attn"}, CHOICES, HERE)
    assert (query_of(values, CHOICES), problems) == ({}, [])


def test_what_cannot_be_used_is_said_and_the_default_taken() -> None:
    values, problems = read_query({"kind": "w", "layer": "77", "on": "True"}, CHOICES, HERE)
    assert values == {"kind": "k", "layer": 0, "on": True}
    assert read_query({"kind": "Q", "on": "true"}, CHOICES, HERE) == ({**values, "kind": "q"}, [])
    assert problems == [
        "The link's kind of input could not be used. Expected one of q, k, v, got 'w'.",
        "The link's layer could not be used. There is no layer 77.",
    ]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["kind", "layer", "embed", "embed_options"], []),
        (["kin"], ["a name that this page does not know: 'kin' (did you mean 'kind'?)."]),
        (["LAYER"], ["a name that this page does not know: 'LAYER' (did you mean 'layer'?)."]),
        (["ablation"], ["a name that this page does not know: 'ablation' (did you mean 'off'?)."]),
        (["xyz", "layers"], ["names that this page does not know: 'xyz', 'layers' (did you mean 'layer'?)."]),
        (list("abcdefg"), ["names that this page does not know: 'a', 'b', 'c', 'd', 'e' and 2 more."]),
    ],
)
def test_unknown_names_are_told_in_one_sentence(names: list[str], told: list[str]) -> None:
    found = unknown(names, CHOICES, {"ablation": "off"})
    assert found == [f"The link has {one}" for one in told]


def test_none_of_them() -> None:
    with pytest.raises(PuzzlescopeError, match="Expected one of 1, 16"):
        read_one_of("x" * 100, (1, 16))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_takes_a_name_that_the_scene_has_in_the_link(page: Page) -> None:
    """Both are read from the same address."""
    assert not choices_of(page).keys() & scene.PARAMETERS.keys()


@pytest.mark.parametrize("parameters", [scene.PARAMETERS, *map(choices_of, PAGES)])
def test_what_is_at_its_default_is_left_out(parameters: Mapping[str, Parameter]) -> None:
    values, problems = read_query({}, parameters, HERE)
    assert values.keys() == parameters.keys() and (query_of(values, parameters), problems) == ({}, [])


def test_a_link_names_all_of_a_scene() -> None:
    assert len(scene.PARAMETERS) == len(fields(scene.Scene))
    assert {"order", "off", "attention"} < scene.PARAMETERS.keys(), "as they have always been called"


class Unrun:
    """A backend that computes nothing."""

    def bank(self) -> PuzzleSet:
        return HERE.bank

    def model(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(cfg=SMALL)


def test_reading_a_link_does_not_run_the_model() -> None:
    found, problems = scene.scene_from_query({"off": "L1.attn", "sample": "16"}, cast(Backend, Unrun()))
    assert found.attention is None and found.sample == 16 and problems == []
