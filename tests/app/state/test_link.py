"""What a page lets one choose, to and from its link."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.state import scene
from app.state.link import Choice, choices_from_query, one_of, query_of, read_one_of
from app.views.circuits import choices as circuit_choices
from app.views.heads import body as head_page
from app.views.logbook import heads as log_heads
from interp.errors import PuzzlescopeError
from tests.support.models import SMALL


def read_layer(text: str, cfg) -> int:
    if not text.isdecimal() or int(text) >= cfg.n_layers:
        raise PuzzlescopeError(f"There is no layer {text}.")
    return int(text)


CHOICES = {
    "kind": one_of(("q", "k", "v"), "k"),
    "layer": Choice(0, read_layer),
    "on": one_of((False, True), False),
}


@given(kind=st.sampled_from("qkv"), layer=st.integers(0, SMALL.n_layers - 1), on=st.booleans())
def test_what_is_written_in_a_link_is_read_from_it(kind: str, layer: int, on: bool) -> None:
    values = {"kind": kind, "layer": layer, "on": on}
    query = query_of(values, CHOICES)
    assert choices_from_query(query, CHOICES, SMALL) == (values, [])
    assert len(query) == (kind != "k") + (layer != 0) + on


def test_defaults_leave_the_link_empty() -> None:
    values, problems = choices_from_query({"off": "L1.attn"}, CHOICES, SMALL)
    assert (query_of(values, CHOICES), problems) == ({}, [])


def test_what_cannot_be_used_is_said_and_the_default_taken() -> None:
    values, problems = choices_from_query({"kind": "w", "layer": "77", "on": "True"}, CHOICES, SMALL)
    assert values == {"kind": "k", "layer": 0, "on": True}
    assert problems == [
        "The link's kind could not be used. Expected one of q, k, v, got 'w'.",
        "The link's layer could not be used. There is no layer 77.",
    ]


def test_none_of_them() -> None:
    with pytest.raises(PuzzlescopeError, match="Expected one of 1, 16"):
        read_one_of("x" * 100, (1, 16))


def test_no_page_takes_a_name_that_the_scene_has_in_the_link() -> None:
    """Both are read from the same address."""
    taken = {
        "model",
        "puzzle",
        "order",
        "off",
        "method",
        "flips",
        "attention",
        "cell",
        "tokens",
        *scene.CHOICES,
    }
    for choices in (circuit_choices.CHOICES, head_page.CHOICES, {log_heads.name_of(1): None}):
        assert not taken & set(choices)
