"""Where every head looks: on patterns whose answer is known, and against plain loops over patterns."""

import csv
import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interp.ablation import Ablation, parse_ablation, reference_means
from interp.analyses.attention import attention_pattern
from interp.analyses.head_study import (
    DETECTORS,
    DISTANCES,
    MARKED,
    OVER,
    HeadStudy,
    heads_off,
    study_heads,
    sum_by_distance,
    sum_by_offset,
)
from interp.analyses.lookback import lookback_scores
from interp.errors import PuzzlescopeError
from interp.export.tables import Header, Table
from interp.tokens import cell_position, marker_position, predicting_position
from tests.support.models import SMALL, six_puzzles, small_model

MIXED = "L0.attn:mean,L1.H2:lookback=7,L1.mlp,L2.H0"


@pytest.fixture(scope="module")
def tokens() -> np.ndarray:
    return six_puzzles()[:3]


def study_of(text: str, tokens: np.ndarray) -> HeadStudy:
    return study_heads(small_model(), tokens[:1], parse_ablation(text, SMALL))


# ---- of one pattern ----------------------------------------------------------------------------------------


@given(st.integers(1, 9), st.integers(0, 6), st.integers(0, 2**31))
def test_sums_by_distance_are_those_of_a_plain_loop(queries: int, more: int, seed: int) -> None:
    keys = queries + more
    pattern = np.random.default_rng(seed).random((2, queries, keys)).astype(np.float32)
    expected = np.zeros((2, keys))
    for query in range(queries):
        for key in range(keys):
            if key <= query + more:
                expected[:, query + more - key] += pattern[:, query, key]
            else:
                pattern[:, query, key] = 0
    np.testing.assert_allclose(sum_by_distance(torch.from_numpy(pattern)), expected, rtol=1e-5)


@settings(max_examples=40)
@given(st.integers(0, 99), st.integers(0, 404))
def test_one_glance_falls_on_one_offset(cell: int, key: int) -> None:
    """The position that predicts a cell looks at one key: at the offset between the two, or at none if it is
    no cell."""
    looks = torch.zeros(1, 100, 405)
    looks[0, cell, key] = 1
    found = sum_by_offset(looks)[0]
    cells = {cell_position(g, r, c): (g, r, c) for g in range(4) for r in range(10) for c in range(10)}
    if key not in cells:
        assert not found.any()
        return
    grid, row, column = cells[key]
    assert found.nonzero().tolist() == [[grid, 9 + row - cell // 10, 9 + column - cell % 10]]
    assert found.sum() == 1


def test_evenly_spread_attention_is_counted_by_how_often_an_offset_is_there() -> None:
    """All weight evenly on the third grid's cells: an offset gets as many shares as there are pairs of cells
    with it."""
    looks = torch.zeros(1, 100, 405)
    looks[..., cell_position(2, 0, 0) : cell_position(2, 9, 9) + 1] = 1 / 100
    pairs = 10 - np.abs(np.arange(-9, 10))
    found = sum_by_offset(looks)[0].numpy()
    np.testing.assert_allclose(found[2], np.outer(pairs, pairs) / 100, rtol=1e-4)
    assert not found[[0, 1, 3]].any()


# ---- the whole way, where the answer is known --------------------------------------------------------------


def test_a_layer_that_looks_100_back(tokens) -> None:
    study = study_of("L1.attn:lookback=100", tokens)
    expected = np.zeros(405)
    expected[:100] = 1 / (405 - np.arange(100))  # position p < 100 looks at position 0, p back
    expected[100] = 1
    for head in range(SMALL.n_heads):
        np.testing.assert_allclose(study.spectrum[1, head], expected, atol=1e-7)
    maps = np.zeros((SMALL.n_heads, 4, 19, 19))
    maps[:, 2, 9, 9] = 1
    np.testing.assert_array_equal(study.maps[1], maps)
    assert not study.markers[1].any() and not study.start[1].any()
    assert study.spectrum[0, :, 100].max() < 0.9 and study.maps[2, :, 2, 9, 9].max() < 0.9


def test_its_detectors(tokens) -> None:
    study = study_of("L1.attn:lookback=100", tokens)
    answer, everywhere = study.detectors("answer"), study.detectors("all")
    assert set(answer) == set(everywhere) == set(DETECTORS)
    for name, scores in answer.items():
        np.testing.assert_array_equal(scores[1], float(name == "next_one_grid_back"))
    np.testing.assert_allclose(everywhere["next_one_grid_back"][1], 1)
    np.testing.assert_allclose(everywhere["previous_token"][1], 1 / 404)
    np.testing.assert_allclose(everywhere["start"][1], 100 / 404, err_msg="positions 1 to 100")
    np.testing.assert_allclose(everywhere["markers"][1], 4 / 404, err_msg="positions 101, 202, 303 and 404")


@pytest.mark.parametrize("name", DISTANCES)
def test_every_detector_of_a_distance_finds_the_head_that_looks_there(tokens, name: str) -> None:
    distance = DISTANCES[name]
    assert DETECTORS[name] == f"{distance} back: {MARKED[distance]}"
    study = study_of(f"L1.H3:lookback={distance}", tokens)
    for over in OVER:
        found = {one: scores[1, 3] for one, scores in study.detectors(over).items()}
        assert found[name] == pytest.approx(1)
        assert all(found[other] < 0.05 for other in DISTANCES if other != name)


def test_marked_distances_are_what_they_are_said_to_be() -> None:
    """Seen from the position that predicts a cell, for a cell that has a row above it and a neighbour before
    it."""
    query = predicting_position(4, 7)
    for place, (following, current) in enumerate([(302, 303), (201, 202), (100, 101)]):
        assert query - following == cell_position(place, 4, 7)
        assert query - current == cell_position(place, 4, 6)
        for distance in (following, current):
            assert f"{['three grids', 'two grids', 'one grid'][place]} back" in MARKED[distance]
    assert query - 9 == cell_position(3, 3, 7) and query - 10 == cell_position(3, 3, 6)
    assert set(MARKED) == {1, 9, 10, 100, 101, 201, 202, 302, 303}


def test_the_map_of_a_head_that_looks_101_back(tokens) -> None:
    """The cell left of the same cell; in the first column the last cell of the row above; at first the
    marker."""
    study = study_of("L1.H2:lookback=101", tokens)
    expected = np.zeros((4, 19, 19))
    expected[2, 9, 8], expected[2, 8, 18] = 0.9, 0.09
    np.testing.assert_allclose(study.maps[1, 2], expected, atol=1e-7)
    np.testing.assert_allclose(study.markers[1, 2], [0, 0, 0.01, 0], atol=1e-7)
    assert study.start[1, 2] == 0


def test_the_map_of_a_head_that_looks_at_the_cell_above(tokens) -> None:
    """In the first row the last row of the third grid lies there, one to the right, and for its last cell the
    marker."""
    study = study_of("L0.H1:lookback=9", tokens)
    expected = np.zeros((4, 19, 19))
    expected[3, 8, 9], expected[2, 18, 10] = 0.9, 0.09
    np.testing.assert_allclose(study.maps[0, 1], expected, atol=1e-7)
    np.testing.assert_allclose(study.markers[0, 1], [0, 0, 0, 0.01], atol=1e-7)


def test_a_head_that_rests_on_the_start_token(tokens) -> None:
    """Clamped, it would seem to look 100 back a quarter of the time."""
    study = study_of("L2.H1:lookback=404", tokens)
    assert study.start[2, 1] == 1 and not study.maps[2, 1].any()
    assert study.detectors("all")["start"][2, 1] == 1
    np.testing.assert_allclose(study.spectrum[2, 1], 1 / (405 - np.arange(405)), rtol=1e-6)
    assert study.detectors("answer")["next_one_grid_back"][2, 1] == 0


def test_a_head_that_looks_at_the_markers_only(tokens) -> None:
    model = small_model()

    def third_marker(scores: torch.Tensor, hook: object) -> torch.Tensor:
        scores = scores.clone()
        scores[:, 0, marker_position(2) :, marker_position(2)] = 1e6
        return scores

    model.blocks[2].attn.hook_attn_scores.add_perma_hook(third_marker)
    study = study_heads(model, tokens[:2])
    np.testing.assert_array_equal(study.markers[2, 0], [0, 0, 1, 0])
    assert study.detectors("answer")["markers"][2, 0] == 1
    assert 202 / 404 <= study.detectors("all")["markers"][2, 0] < 0.9


# ---- the whole way, against plain loops --------------------------------------------------------------------


def by_hand(tokens: np.ndarray, ablation: Ablation, layer: int) -> dict[str, np.ndarray]:
    """Spectra, maps, markers and start token of a layer, from whole patterns, a query at a time."""
    model = small_model()
    means = reference_means(model, model.prompt(six_puzzles()))
    found = {
        "all": np.zeros((4, 405)),
        "answer": np.zeros((4, 405)),
        "maps": np.zeros((4, 4, 19, 19)),
        "rest": np.zeros((4, 5)),
    }
    for puzzle in tokens:
        pattern = attention_pattern(model, puzzle, layer, ablation, means).astype(np.float64)
        for query in range(405):
            back = pattern[:, query, query::-1]
            found["all"][:, : query + 1] += back / (405 - np.arange(query + 1)) / len(tokens)
            if 304 <= query < 404:
                there = 404 - np.maximum(np.arange(query + 1), 304)
                found["answer"][:, : query + 1] += back / there / len(tokens)
                row, column = divmod(query - 304, 10)
                for grid in range(4):
                    first = cell_position(grid, 0, 0)
                    cells = pattern[:, query, first : first + 100].reshape(4, 10, 10)
                    window = found["maps"][:, grid, 9 - row : 19 - row, 9 - column : 19 - column]
                    window += cells / 100 / len(tokens)
                found["rest"] += pattern[:, query, [0, 1, 102, 203, 304]] / 100 / len(tokens)
    return found


@pytest.mark.parametrize("text", ["", MIXED])
def test_against_whole_patterns(tokens, text: str) -> None:
    model, ablation = small_model(), parse_ablation(text, SMALL)
    means = reference_means(model, model.prompt(six_puzzles()))
    study = study_heads(model, tokens, ablation, means, batch=2)
    for layer in range(SMALL.n_layers):
        hand = by_hand(tokens, ablation, layer)
        np.testing.assert_allclose(study.spectrum[layer], hand["all"], atol=1e-6)
        np.testing.assert_allclose(
            study.spectrum_over("answer")[layer, :, :404], hand["answer"][:, :404], atol=1e-6
        )
        np.testing.assert_allclose(study.maps[layer], hand["maps"], atol=1e-6)
        np.testing.assert_allclose(study.start[layer], hand["rest"][:, 0], atol=1e-6)
        np.testing.assert_allclose(study.markers[layer], hand["rest"][:, 1:], atol=1e-6)
    assert np.isnan(study.spectrum_over("answer")[..., 404]).all(), (
        "none that predicts the answer has 404 before it"
    )


@pytest.mark.parametrize("text", ["", MIXED])
def test_shares_sum_to_one(tokens, text: str) -> None:
    model = small_model()
    means = reference_means(model, model.prompt(tokens))
    study = study_heads(model, tokens, parse_ablation(text, SMALL), means)
    total = study.maps.sum((-1, -2, -3)) + study.markers.sum(-1) + study.start
    np.testing.assert_allclose(total, 1, atol=1e-5)


def test_the_spectrum_is_the_lookback_scores_without_clamping(tokens) -> None:
    study = study_heads(small_model(), tokens)
    for lookback in (0, *MARKED, 250, 404):
        expected = lookback_scores(small_model(), tokens, lookback, clamp=False)
        np.testing.assert_allclose(study.spectrum[..., lookback], expected, atol=1e-6)
        named = {d: name for name, d in DISTANCES.items()}
        if lookback in named:
            np.testing.assert_array_equal(study.detectors()[named[lookback]], study.spectrum[..., lookback])


def test_an_ablated_head_still_looks_and_changes_what_later_ones_do(tokens) -> None:
    clean, off = study_of("", tokens), study_of("L0.H1", tokens)
    np.testing.assert_allclose(off.spectrum[0], clean.spectrum[0], atol=1e-6)
    np.testing.assert_allclose(off.maps[0], clean.maps[0], atol=1e-6)
    assert np.abs(off.maps[1] - clean.maps[1]).max() > 1e-4
    assert off.off.sum() == 1 and off.off[0, 1] and not clean.off.any()


def test_which_heads_are_off() -> None:
    off = heads_off(parse_ablation("L0.attn:mean,L1.H2:lookback=7,L1.mlp,L2.H0,L2.H3:mean", SMALL), SMALL)
    assert off.tolist() == [[True] * 4, [False] * 4, [True, False, False, True]]


# ---- in steps ----------------------------------------------------------------------------------------------


def test_a_study_fills_up_puzzle_by_puzzle(tokens) -> None:
    model = small_model()
    logits = model(model.prompt(tokens[:1]))
    steps = study_heads.steps(model, tokens, parse_ablation("L0.attn", SMALL))
    study = next(steps)
    assert isinstance(study, HeadStudy) and study.n == 3 and study.known == 0 and study.fraction == 0
    assert (
        np.isnan(study.spectrum).all()
        and np.isnan(study.maps).all()
        and np.isnan(study.detectors()["start"]).all()
    )
    bytes_before, known = study.nbytes, []
    assert (
        bytes_before
        == sum(one.nbytes for one in (study.spectrum, study.spectrum, study.maps)) + 2 * study.spectrum.nbytes
    )
    for news in steps:
        assert news is None and not any(point.has_hooks() for point in model.hook_dict.values())
        torch.testing.assert_close(model(model.prompt(tokens[:1])), logits)  # others may run it in between
        known.append(study.known)
    assert known == [0, 0, 0, 1, 1, 1, 2, 2, 2] and study.complete and study.fraction == 1
    assert study.nbytes == bytes_before


def test_the_first_puzzles_are_a_study_of_their_own(tokens) -> None:
    steps = study_heads.steps(small_model(), tokens)
    study = next(steps)
    while study.known < 2:
        next(steps)
    first = study_heads(small_model(), tokens[:2], batch=2)
    np.testing.assert_allclose(study.maps, first.maps, atol=1e-6)
    np.testing.assert_allclose(study.spectrum, first.spectrum, atol=1e-6)


def test_bad_requests(tokens) -> None:
    with pytest.raises(PuzzlescopeError, match="at least one"):
        study_heads(small_model(), tokens[:0])
    with pytest.raises(PuzzlescopeError, match="reference means"):
        study_heads(small_model(), tokens, parse_ablation("L0.attn:mean", SMALL))


# ---- in words --------------------------------------------------------------------------------------------


class OfOneHead(HeadStudy):
    """A study of a single head, with this spectrum and this much attention on the start token."""

    def __init__(self, spectrum: np.ndarray, start: float):
        super().__init__(SMALL, 1)
        self._given, self._start = spectrum[None, None], np.array([[start]])

    def spectrum_over(self, over: str) -> np.ndarray:
        return self._given

    def detectors(self, over: str = "all") -> dict[str, np.ndarray]:
        return {"start": self._start}


def test_what_a_spectrum_is_said_to_show() -> None:
    spectrum = np.zeros(405)
    spectrum[[7, 100, 404]] = [0.2, 0.5, 1.0]
    said = OfOneHead(spectrum, 0.25).summary(0, 0)
    assert said.startswith("On the start token 0.25") and "Highest: 100 back 0.50 (the cell about" in said
    assert "7 back 0.20." in said and "404 back" not in said, (
        "one position, which can only rest on the start token"
    )
    assert OfOneHead(np.zeros(405), 0).summary(0, 0).startswith("No distance")
    assert "Nothing" in OfOneHead(np.full(405, np.nan), float("nan")).summary(0, 0)


# ---- as rows -----------------------------------------------------------------------------------------------


def test_rows_of_heads_go_into_a_table(tokens) -> None:
    study = study_of("L1.H2:lookback=100,L2.attn", tokens)
    rows = study.rows("answer", {(1, 2): 0.5})
    table = Table(Header("a model", "1a2b", ("x",), study.ablation.text), rows)
    read = list(csv.DictReader(line for line in io.StringIO(table.csv()) if not line.startswith("#")))
    assert [(row["layer"], row["head"]) for row in read] == [
        (str(k), str(j)) for k in range(3) for j in range(4)
    ]
    assert set(read[0]) == {"layer", "head", "n", "over", "off", "cost", *DETECTORS}
    assert float(read[6]["next_one_grid_back"]) == 1 and float(read[6]["cost"]) == 0.5
    assert read[0]["cost"] == "" and [row["off"] for row in read[6:9]] == ["False", "False", "True"]
    for name, scores in study.detectors("answer").items():
        assert [float(row[name]) for row in read] == scores.ravel().tolist()
    assert "cost" not in study.rows()[0]


def test_rows_of_spectra_and_maps(tokens) -> None:
    study = study_of("L1.H2:lookback=101", tokens)
    rows = study.spectrum_rows()
    assert len(rows) == 12 * 405
    chosen = [row for row in rows if (row["layer"], row["head"]) == (1, 2)]
    assert [row["back"] for row in chosen] == list(range(405)) and chosen[101]["attention"] == pytest.approx(
        1
    )
    shares = study.map_rows(1, 2)
    seen = {(row["on"], row["grid"], row["row_offset"], row["column_offset"]): row["share"] for row in shares}
    assert len(seen) == len(shares) == 4 * 361 + 5
    left, marker = ("cell", 3, 0, -1), ("marker", 3, None, None)
    assert seen[left] == pytest.approx(0.9) and seen[marker] == pytest.approx(0.01)
    assert sum(seen.values()) == pytest.approx(1)
