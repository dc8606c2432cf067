"""Roles of heads: of planted heads, whose weights say where they look, and of the default model."""

import numpy as np
import pytest
import torch

from interp import load_model, parse_ablation
from interp.analyses.head_roles import AT_LEAST, ROLES, HeadRoles, Roles, head_roles
from interp.analyses.head_study import DISTANCES, HeadStudy, study_heads
from interp.resumable import finish
from tests.support.models import SMALL, looking_back, six_puzzles, small_model
from tests.support.puzzles import bank

PLANTED = {
    1: "previous",
    9: "above",
    10: "above",
    90: "fixed",
    99: "fixed",
    100: "copy",
    101: "current",
    202: "earlier",
}


@pytest.fixture(scope="module")
def planted() -> Roles:
    return head_roles(looking_back(list(PLANTED)), six_puzzles()[:2])


@pytest.mark.parametrize(("head", "distance"), list(enumerate(PLANTED)))
def test_a_planted_head(planted: Roles, head: int, distance: int) -> None:
    found = planted.heads[head]
    assert (found.layer, found.head, found.role.key) == (0, head, PLANTED[distance])
    assert found.distance == distance and found.share > 0.9
    assert found.words == f"{found.role.name}: {found.share:.2f} of its attention {distance} back"


def test_planted_heads_look_where_their_weights_say() -> None:
    """The premise of the test above, without the roles: all weight on one diagonal."""
    study = study_heads(looking_back([7, 100]), six_puzzles()[:1])
    assert study.spectrum[0, 0, 7] > 0.9 < study.spectrum[0, 1, 100]


@pytest.mark.parametrize("distance", [*DISTANCES.values(), 7])
def test_every_fixed_offset_has_a_role(distance: int) -> None:
    off = parse_ablation(f"L0.H1:lookback={distance}", SMALL)
    found = head_roles(small_model(), six_puzzles()[:1], off).heads[1]
    assert found.role.key not in ("content", "start", "markers", "off")
    assert (found.role.key == "fixed") == (distance == 7) and found.distance == distance


def test_a_head_that_rests_on_the_start_token() -> None:
    """404 back, from where only one position could look: all others look at the start token."""
    found = head_roles(small_model(), six_puzzles()[:1], parse_ablation("L0.H1:lookback=404", SMALL)).heads[1]
    assert (
        found.role.key == "start"
        and found.share == 1
        and found.words.endswith("1.00 of its attention on the start token")
    )


def test_a_head_that_looks_at_the_markers() -> None:
    """The markers' embeddings stand out in one direction; keys read it, and every query asks for it."""
    model = looking_back([1])
    with torch.no_grad():
        model.embed.W_E[11:15, 0] = 50
        model.blocks[0].ln1.b[1] = 10
        model.blocks[0].attn.W_Q.zero_()[0, 1, 0] = 10_000
        model.blocks[0].attn.W_K.zero_()[0, 0, 0] = 1
    found = head_roles(model, six_puzzles()[:1]).heads[0]
    assert found.role.key == "markers" and found.share > 0.9 and found.words.endswith("on markers")


def test_an_ablated_head_has_no_other_role() -> None:
    found = head_roles(small_model(), six_puzzles()[:1], parse_ablation("L0.attn", SMALL))
    assert {head.role.key for head in found.heads if head.layer == 0} == {"off"}
    assert found.heads[0].words == "ablated" and np.isnan(found.heads[0].share)


def test_nothing_is_said_before_anything_is_known() -> None:
    found = Roles.of(HeadStudy(SMALL, 1))
    assert not found and found.copy_heads == [] and found.rows() == ()
    assert found.summary() == "Nothing is measured yet."


def test_the_question_is_the_function() -> None:
    """It ends with the same roles, and shows nothing before: a role could still change."""
    model, puzzles = small_model(), tuple(bank()[:2])
    steps = HeadRoles(puzzles).steps(model, None)
    assert next(steps) is None
    found = finish(HeadRoles(puzzles).steps(model, None))
    expected = head_roles(model, bank()[:2].tokens)
    np.testing.assert_equal(found.rows(), expected.rows())


def test_glyphs_are_distinct() -> None:
    assert len({role.glyph for role in ROLES.values()}) == len(ROLES)
    assert all(len(role.glyph) == 1 and role.help.endswith(".") for role in ROLES.values())


def test_the_default_model() -> None:
    """The heads by which it copies, and its previous-token head."""
    puzzle = bank().filter(task="contact")[0]
    found = head_roles(load_model("default"), puzzle.tokens[None])
    names = {key: [head.component.text for head in found.having(key)] for key in ROLES}
    assert names["copy"] == ["L1.H5", "L1.H1"] == [head.text for head in found.copy_heads]
    assert names["previous"] == ["L3.H3"] and "L1.H2" in names["above"] and len(names["start"]) > 5
    assert found.summary().startswith("Of 48 heads: copy L1.H5, L1.H1; previous token L3.H3;")
    rows = found.rows()
    assert len(rows) == 48 and rows[13] == {
        "layer": 1,
        "head": 5,
        "n": 1,
        "role": "copy",
        "share": pytest.approx(0.97, abs=0.02),
        "back": 100,
    }
    beside = found.beside([{"layer": 1, "head": 5, "n": 1}])
    assert beside == ({"layer": 1, "head": 5, "role": "copy", "n": 1},)


def test_where_none_copies_the_nearest_is_named() -> None:
    found = head_roles(small_model(), six_puzzles()[:1])
    assert not found.having("copy") and len(found.copy_heads) == 1
    near = {head.component: found.copying[head.layer, head.head] for head in found.heads}
    assert near[found.copy_heads[0]] == max(near.values()) < AT_LEAST
