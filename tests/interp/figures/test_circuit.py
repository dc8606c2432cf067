"""The picture of a circuit, without a browser: where parts stand, what is drawn, and its files."""

import re
from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from interp.circuits.blocks import BLOCKS
from interp.circuits.certificate import Certificate, Chance
from interp.circuits.checks.curve import Curve
from interp.errors import PuzzlescopeError
from interp.figures.circuit import (
    DEFAULT_STATE,
    CircuitPicture,
    PictureState,
    html,
    picture_of,
    read_state,
    said_of,
    svg,
)
from interp.figures.circuit.picture import FIRST, MOST_DRAWN, part_of
from interp.figures.circuit.scene import scene_of
from tests.support.models import SMALL
from tests.support.results import TWELVE, random_scores

LABELS = {"L2.H3": "copy", "L0.H1": "previous token", "L2.H1": "copy"}
SVG = "{http://www.w3.org/2000/svg}"


def circuit(n: int = 30, cfg=SMALL, **words) -> CircuitPicture:
    scores = random_scores(cfg)
    return picture_of(scores, scores.top(n), model="small", **words)


def whole(cfg=SMALL) -> CircuitPicture:
    return picture_of(random_scores(cfg), model="small", labels=LABELS)


@pytest.mark.parametrize("width", [358.0, 960.0, 1600.0])
@pytest.mark.parametrize(
    "picture", [circuit(12), circuit(60), whole(), whole(TWELVE)], ids=lambda picture: picture.title
)
def test_no_box_covers_another_and_layers_go_upward(picture: CircuitPicture, width: float) -> None:
    scene = scene_of(picture, DEFAULT_STATE, width)
    boxes = {box.name: box for box in scene.boxes}
    assert tuple(sorted(boxes)) == tuple(sorted(picture.parts))
    for one, other in combinations(scene.boxes, 2):
        apart = abs(one.x - other.x) >= (one.width + other.width) / 2 + 1
        assert apart or abs(one.y - other.y) >= (one.height + other.height) / 2 + 1, (one.name, other.name)
    for box in scene.boxes:
        assert box.width > 20 and box.x - box.width / 2 >= 0 and box.x + box.width / 2 <= width
        assert box.y - box.height / 2 >= 0 and box.y + box.height / 2 <= scene.height
    for edge in picture.edges:
        below, above = boxes[edge.writer], boxes[part_of(edge.reader)]
        assert below.y - below.height / 2 > above.y + above.height / 2, edge


def test_parts_that_do_the_same_stand_side_by_side() -> None:
    spots = [spot.part for spot in whole().layout.spots if spot.part.startswith("L2.H")]
    assert spots == ["L2.H1", "L2.H3", "L2.H0", "L2.H2"]


def test_it_is_always_the_same() -> None:
    assert whole().layout == whole().layout and svg(whole()) == svg(whole()) and whole().id == whole().id
    assert circuit().id != whole().id != picture_of(random_scores(seed=1), labels=LABELS, model="small").id


def test_the_strongest_are_drawn_and_no_more_than_can_be_told_apart() -> None:
    picture = whole(TWELVE)
    assert len(picture.edges) == 15355
    first = scene_of(picture, DEFAULT_STATE, 960)
    assert [abs(edge.value) for edge in first.edges] == [abs(value) for value in picture.values[:FIRST]]
    assert first.edges[0].width > 10 * first.edges[-1].width or first.edges[-1].width > 1
    assert len(scene_of(picture, PictureState(least=0.0), 960).edges) == MOST_DRAWN


def test_a_circuit_is_drawn_whole() -> None:
    picture = circuit()
    scene = scene_of(picture, DEFAULT_STATE, 960)
    assert len(scene.edges) == len(picture.edges) == scene.there


def test_the_part_through_a_block_of_positions() -> None:
    picture = circuit()
    state = PictureState(block="copied", least=0.0)
    found = {
        (edge.source, edge.target, edge.kind): edge.value for edge in scene_of(picture, state, 960).edges
    }
    scores, edge = random_scores(), picture.edges[3]
    own = scores.blocks[BLOCKS.index("copied")][scores.graph.place(edge)]
    key = (edge.writer, part_of(edge.reader), edge.reader.rpartition(".")[2])
    assert found[key] == pytest.approx(own, rel=1e-3)


def test_a_group_has_the_edges_of_its_parts() -> None:
    picture = whole()
    group = ("L1.H0", "L1.H2", "L2.mlp")
    state = PictureState(least=0.0, groups=(group,), names={"+".join(group): "mine"})
    scene = scene_of(picture, state, 960)
    boxes = {box.name: box for box in scene.boxes}
    assert "L1.H0" not in boxes and boxes["+".join(group)].title == "mine"
    wanted = [
        value
        for edge, value in zip(picture.edges, picture.values, strict=True)
        if edge.writer in group and edge.reader == "logits"
    ]
    (found,) = [edge for edge in scene.edges if edge.source == "+".join(group) and edge.target == "logits"]
    assert len(wanted) == found.edges == 3 and found.value == pytest.approx(sum(wanted))
    assert not any(edge.source == edge.target for edge in scene.edges)


def test_hidden_boxes_go_with_their_edges_and_pinned_ones_keep_theirs() -> None:
    picture = whole()
    scene = scene_of(picture, PictureState(hidden=("L1.H0",), pinned=("L0.H3",), least=1e9), 960)
    ends = [{edge.source, edge.target} for edge in scene.edges]
    assert ends and all("L0.H3" in two and "L1.H0" not in two for two in ends)
    assert "L1.H0" not in {box.name for box in scene.boxes}


def test_a_moved_box_is_where_it_was_put() -> None:
    state = PictureState(places={"L1.H0": (1.0, 20.0)})
    (box,) = [box for box in scene_of(whole(), state, 960).boxes if box.name == "L1.H0"]
    assert (box.x, box.y) == (946.0, 20.0)


def test_a_state_comes_back_as_it_was() -> None:
    state = PictureState(
        0.01,
        "copied",
        ("q", "logits"),
        (("L1.H0", "L1.H2"),),
        {"L1.H0+L1.H2": "mine"},
        {"L0.mlp": (0.25, 30.0)},
        ("L0.mlp",),
        ("L2.H1",),
    )
    assert read_state(state.data(), whole()) == state


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        "x",
        {
            "least": "1",
            "block": "nowhere",
            "kinds": None,
            "groups": 3,
            "names": [],
            "places": "",
            "pinned": 1,
        },
        {"least": float("nan"), "groups": [["L1.H0"], ["L9.H9", "L8.H8"], ["embed", "logits"], None, 3]},
        {"least": True, "block": ["copied"], "names": {"L9.H9": "x", "L1.H0": " \n"}, "pinned": [["L1.H0"]]},
        {"least": -1, "block": {}, "places": {"L1.H0": [1], "L1.H1": [None, 2], "L1.H2": ["0", "1"]}},
        {"least": 10**400, "places": {"L1.H0": [float("inf"), 1]}},
        {"hidden": ["embed", "logits", "L9.H9", {}]},
    ],
)
def test_a_state_is_only_a_claim(said: object) -> None:
    assert read_state(said, whole()) == DEFAULT_STATE


def test_what_of_a_state_does_not_fit_is_passed_over() -> None:
    said = {
        "groups": [["L1.H0", "L1.H0", "L1.H1"], ["L1.H1", "L2.H0"]],
        "names": {"L1.H0": "a" * 90},
        "places": {"L1.H2": [7, -7]},
    }
    state = read_state(said, whole())
    assert state.groups == (("L1.H0", "L1.H1"),) and state.names == {"L1.H0": "a" * 40}
    assert state.places == {"L1.H2": (1.0, 0.0)}


@pytest.mark.parametrize(
    ("change", "told"),
    [(lambda scores: np.zeros_like(scores.total, bool), "no edges"), (lambda scores: None, "not finite")],
)
def test_what_cannot_be_drawn_is_said(change, told: str) -> None:
    scores = random_scores()
    broken = replace(scores, total=np.full_like(scores.total, np.nan))
    with pytest.raises(PuzzlescopeError, match=told):
        picture_of(broken, change(broken))


# ---- files -------------------------------------------------------------------------------------------------


def test_the_svg_draws_every_edge_and_box() -> None:
    picture = circuit(40, labels={"L1.H0": "<b>&"}, title="A <circuit> & more")
    root = ET.fromstring(svg(picture))
    paths = [path for path in root.iter(f"{SVG}path") if path.get("class")]
    assert len(paths) == len(picture.edges)
    dashed = [path for path in paths if path.get("stroke-dasharray")]
    assert len(dashed) == sum(value < 0 for value in picture.values) > 0
    assert len([group for group in root.iter(f"{SVG}g") if group.get("class") == "box"]) == len(picture.parts)
    words = [element.text for element in root.iter() if element.text]
    assert "A <circuit> & more" in words and picture.summary in words
    assert "http" not in svg(picture).replace("http://www.w3.org/2000/svg", "")


def test_a_label_of_two_words_stands_on_two_lines_where_one_is_too_short() -> None:
    picture = circuit(labels={"L1.H0": "previous token"})
    assert ">previous<" in svg(picture, width=440) and ">token<" in svg(picture, width=440)
    assert "previous token" in svg(picture, width=1600) and "…" not in svg(picture, width=440)


def test_the_html_has_what_it_says_and_nothing_from_outside() -> None:
    labels = {"L1.H0": "</script><script>alert(1)</script>"}
    certificate = said_of(
        Certificate(
            8,
            0.912345,
            0.9,
            0.004,
            {"circuit": 9.0, "whole": 10.0, "empty": 1.0},
            1.0,
            solved=7,
            alike=7,
            chance=Chance(20, -4.7e-6, 0.01, 0.01),
            sizes=Curve((0.5, 1.0), (4, 9), (0.8, 1.0), (0.9, 1.0)),
        ),
        None,
        on="8 held-out pairs of frame <b>",
    )
    programs = {"Python": "import interp\nprint('<b>')", "Command": "python -m interp circuit"}
    text = html(circuit(labels=labels), certificate, [("Seed", "7")], programs=programs, date="2026-11-29")
    assert len(re.findall(r"<script", text)) == 2 and "alert(1)</script>" not in text
    assert not re.search(r"""(src|href)=["'](?!data:)|@import|url\(""", text)
    for said in (
        "<dt>Faithfulness</dt>",
        "<span>0.91</span>",
        "<dt>20 random circuits</dt><dd><span>0.00, at most 0.01</span>",
        "<dt>CMD, log axis</dt>",
        "On 8 held-out pairs of frame &lt;b&gt;.",
        "<dt>Seed</dt><dd>7</dd>",
        "print(&#x27;&lt;b&gt;",
    ):
        assert said in text
    assert (
        text.index("Faithfulness</dt>") < text.index("KL from the whole model</dt>") and "2026-11-29" in text
    )
    assert "<h2>Certificate" not in html(circuit())


def test_its_title_and_its_summary_name_the_task_and_its_caption_the_pairs() -> None:
    picture = circuit(task="frame", pairs="8 pairs of frame that differ in the rule")
    assert picture.title.endswith("edges for frame") and "edges for frame between" in picture.summary
    assert "mean over 8 pairs of frame that differ in the rule, by" in picture.about


def test_a_file_of_15355_edges_can_be_sent_by_mail() -> None:
    assert len(html(whole(TWELVE)).encode()) < 5_000_000
