"""Interventions on one side of a head: identities, and the model's own hooks beside them."""

import numpy as np
import pytest
import torch

from interp.ablation import Component, ReferenceMeans
from interp.errors import PuzzlescopeError
from interp.model import Config, PuzzleGPT
from interp.model.network import PosEmbed
from interp.puzzles import load_puzzles
from interp.tokens import STRUCTURES
from interp.why.interventions.elsewhere import filled, periodic, with_filler, with_period
from interp.why.interventions.one_side import moved_on, one_side
from interp.why.interventions.results import MEAN, Estimate, Intervention, Interventions, estimate
from interp.why.interventions.rows import QUERIES, Rows
from interp.why.interventions.shift import pointer_shift
from interp.why.planted.planting import turned_back
from tests.interp.circuits.by_hooks import watched_model

HEAD = Component(2, "head", 3)
BACK = 100
BANK = load_puzzles("bank")


def puzzle_rows(n: int = 2) -> Rows:
    """Puzzles in two orders of the grids, with few references."""
    chosen = [puzzle for structure in STRUCTURES[:2] for puzzle in BANK.filter(structure=structure)[:n]]
    rows = Rows.of_puzzles(chosen, BANK)
    return Rows(
        rows.tokens, rows.others, rows.orders, tuple(own[:4] for own in rows.references), rows.queries
    )


@pytest.fixture(scope="module")
def model() -> PuzzleGPT:
    return watched_model()


@pytest.fixture(scope="module")
def rows() -> Rows:
    return puzzle_rows()


@pytest.fixture(scope="module")
def found(model: PuzzleGPT, rows: Rows) -> Interventions:
    return one_side(model, rows, HEAD, BACK)


def pointing(distance: int) -> PuzzleGPT:
    """A head that looks so far back, and by nothing else. Its positions stand twice, once negated, so that
    the LayerNorm takes no mean from them."""
    cfg = Config(n_layers=1, n_heads=1, d_model=64, d_head=32, d_mlp=8)
    model = PuzzleGPT(cfg)
    table = PosEmbed.table(Config(d_model=32))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.blocks[0].ln1.w.fill_(1)
        model.pos_embed.W_pos[:] = torch.cat([table, -table], 1)
        half = torch.eye(64)[:, :32]
        model.blocks[0].attn.W_K[0] = half
        model.blocks[0].attn.W_Q[0] = 60 * half @ turned_back(table, distance)
    model.cfg.use_split_qkv_input = True
    return model.eval().requires_grad_(False)


def cached(model: PuzzleGPT, tokens: np.ndarray) -> dict[str, torch.Tensor]:
    return dict(model.run_with_cache(torch.from_numpy(tokens)[None])[1])


def by_hooks(
    model: PuzzleGPT,
    tokens: np.ndarray,
    queries: torch.Tensor | None = None,
    keys: torch.Tensor | None = None,
    head: Component = HEAD,
) -> torch.Tensor:
    """The head's attention scores, ``[query, key]``, with what its queries or keys read replaced ([405,
    d_model]) by TransformerLens's hooks."""
    kept: list[torch.Tensor] = []

    def put(value: torch.Tensor):
        def run(x: torch.Tensor, hook: object) -> torch.Tensor:
            x[:, :, head.head] = value
            return x

        return run

    def keep(scores: torch.Tensor, hook: object) -> None:
        kept.append(scores[0, head.head])

    place = f"blocks.{head.layer}"
    hooks = [(f"{place}.attn.hook_attn_scores", keep)]
    for name, value in (("q", queries), ("k", keys)):
        if value is not None:
            hooks.append((f"{place}.hook_{name}_input", put(value)))
    model.run_with_hooks(torch.from_numpy(tokens)[None], fwd_hooks=hooks, return_type=None)
    return kept[0]


def odds(scores: torch.Tensor, back: int) -> float:
    """Mean log-odds so far back, from float64 probabilities."""
    pattern = scores.double().softmax(-1)
    at = pattern[QUERIES, QUERIES - back]
    return float((at.log() - torch.log1p(-at)).mean())


def peaks(scores: torch.Tensor) -> np.ndarray:
    return scores[QUERIES].argmax(-1).numpy()


def writes(model: PuzzleGPT, tokens: np.ndarray, writer: str) -> torch.Tensor:
    """What a writer writes, by the cache alone."""
    cache = cached(model, tokens)
    if writer == "embed":
        return (cache["hook_embed"] + cache["hook_pos_embed"])[0]
    layer, part = int(writer[1]), writer.split(".")[1]
    if part == "mlp":
        return cache[f"blocks.{layer}.hook_mlp_out"][0]
    return cache[f"blocks.{layer}.attn.hook_result"][0, :, int(part[1:])]


def stream(model: PuzzleGPT, tokens: np.ndarray, layer: int = HEAD.layer) -> torch.Tensor:
    return cached(model, tokens)[f"blocks.{layer}.hook_resid_pre"][0]


# ---- identities --------------------------------------------------------------------------------------------


def test_no_shift_is_the_run_itself(model: PuzzleGPT, rows: Rows, found: Interventions) -> None:
    plain = [odds(by_hooks(model, tokens), BACK) for tokens in rows.tokens]
    np.testing.assert_allclose(found.clean.log_odds, plain, atol=1e-4)
    for side in ("queries", "keys"):
        for moved in ("position", "mean", "L0.mlp"):
            shift = pointer_shift(model, rows, HEAD, BACK, side=side, moved=moved, shifts=[-3, 3])
            np.testing.assert_allclose(shift.stayed[:, 1], plain, atol=1e-3)
            assert (shift.log_odds[:, 1] == shift.stayed[:, 1]).all()
            assert shift.shifts.tolist() == [-3, 0, 3] and abs(shift.stayed[:, 0] - plain).max() > 1e-3


def test_both_sides_of_another_puzzle_are_its_own_run(
    model: PuzzleGPT, rows: Rows, found: Interventions
) -> None:
    other = [odds(by_hooks(model, tokens), BACK) for tokens in rows.others]
    both = found.find("swap", "both").log_odds
    np.testing.assert_allclose(both, other, atol=1e-4)
    assert abs(found.clean.log_odds - both).min() > 1e-3


def test_a_pure_pointer_is_told_by_the_difference_of_positions() -> None:
    """Both sides moved alike leave its attention as it is; one side moves it by as much."""
    pointer = pointing(100)
    rows, head = puzzle_rows(1), Component(0, "head", 0)
    W_pos, at = pointer.W_pos, np.arange(405)
    ahead = W_pos[(at + 7).clip(0, 404)]
    plain = by_hooks(pointer, rows.tokens[0], head=head)[QUERIES[:80]]
    both = by_hooks(pointer, rows.tokens[0], ahead, ahead, head=head)[QUERIES[:80]]
    inner = slice(0, 390)
    seen = np.isfinite(plain[:, inner].numpy())
    np.testing.assert_allclose(both[:, inner].numpy()[seen], plain[:, inner].numpy()[seen], atol=0.02)
    for side, slope in (("queries", 1), ("keys", -1)):
        shift = pointer_shift(pointer, rows, head, 100, side=side)
        assert shift.slope.value == pytest.approx(slope, abs=1e-9)
        assert shift.share_followed == 1 and shift.expected == slope
        assert shift.log_odds.min() > 0 > shift.stayed[:, :15].max()
        best = shift.offsets[shift.profile.argmax(1)]
        assert best.tolist() == (slope * shift.shifts).tolist()


def test_what_lies_outside_never_counts() -> None:
    """Of a head that looks one back, no peak after its own position can be seen, and none is made up."""
    pointer = pointing(1)
    rows, head = puzzle_rows(1), Component(0, "head", 0)
    shift = pointer_shift(pointer, rows, head, 1, shifts=range(-3, 4))
    assert shift.counted.tolist() == [100, 100, 100, 100, 100, 0, 0]
    assert shift.slope == Estimate(1.0, 1.0, 1.0)
    assert np.isnan(shift.displacement[:, -1]).all() and not shift.profile[-1].any()
    keys = pointer_shift(pointer, rows, head, 1, side="keys", shifts=[-2, -1, 0, 3])
    assert keys.counted.tolist() == [0, 100, 100, 99]  # the key at 402 would read 405
    none = pointer_shift(pointer, rows, head, 1, shifts=[5])
    assert np.isnan(none.slope.value) and "No shift" not in shift.summary()
    assert "No shift" in none.summary()


# ---- by the model's own hooks ------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["queries", "keys"])
def test_a_shift_by_hooks(model: PuzzleGPT, rows: Rows, side: str) -> None:
    tokens, s = rows.tokens[-1], -4
    at = np.arange(405)
    read = (at + s).clip(0, 404)
    reference = rows.references[1]
    mean = torch.stack([stream(model, one) for one in reference]).mean(0)
    for moved, table in (("position", model.W_pos), (MEAN, mean)):
        changed = stream(model, tokens) + table[read] - table[at]
        scores = by_hooks(model, tokens, **{side: changed})
        if side == "keys":
            scores[:, :-s] = -torch.inf
        target = -s if side == "keys" else s
        shift = pointer_shift(model, rows, HEAD, BACK, side=side, moved=moved, shifts=[s])
        assert shift.stayed[-1, 0] == pytest.approx(odds(scores, BACK), abs=1e-3)
        assert shift.log_odds[-1, 0] == pytest.approx(odds(scores, BACK - target), abs=1e-3)
        away = np.sort(peaks(scores) - (QUERIES - BACK))[(len(QUERIES) - 1) // 2]
        assert shift.displacement[-1, 0] == away


@pytest.mark.parametrize("writer", ["embed", "L0.H2", "L1.mlp"])
@pytest.mark.parametrize("side", ["queries", "keys"])
def test_a_writer_of_another_puzzle_by_hooks(
    model: PuzzleGPT, rows: Rows, found: Interventions, writer: str, side: str
) -> None:
    own, other = rows.tokens[1], rows.others[1]
    changed = stream(model, own) - writes(model, own, writer) + writes(model, other, writer)
    scores = by_hooks(model, own, **{side: changed})
    one = found.find("writer", side, writer)
    assert one.log_odds[1] == pytest.approx(odds(scores, BACK), abs=1e-3)
    assert one.at_back[1] == pytest.approx((peaks(scores) == QUERIES - BACK).mean())
    assert abs(one.log_odds[1] - found.clean.log_odds[1]) > 1e-4


def test_a_head_moved_on_by_hooks(model: PuzzleGPT, rows: Rows, found: Interventions) -> None:
    own, writer = rows.tokens[0], "L1.H1"
    late = np.concatenate([own[:2], own[1:-1]])
    assert (moved_on(own) == late).all()
    keys = stream(model, own) - writes(model, own, writer) + writes(model, late, writer)
    scores = by_hooks(model, own, keys=keys)
    one = found.find("shifted", "keys", writer)
    assert one.log_odds[0] == pytest.approx(odds(scores, BACK), abs=1e-3)
    assert one.next_odds[0] == pytest.approx(odds(scores, BACK - 1), abs=1e-3)
    ahead = writes(model, own, writer).roll(-1, 0)
    queries = stream(model, own) - writes(model, own, writer) + ahead
    one = found.find("shifted", "queries", writer)
    scores = by_hooks(model, own, queries=queries)
    assert one.log_odds[0] == pytest.approx(odds(scores, BACK), abs=1e-3)


def test_every_lower_writer_has_its_turn(found: Interventions) -> None:
    writers = {one.writer for one in found.rest if one.name == "writer"}
    assert writers == {"embed", *(f"L{k}.{part}" for k in (0, 1) for part in ("H0", "H1", "H2", "H3", "mlp"))}
    heads = {one.writer for one in found.rest if one.name == "shifted"}
    assert heads == {one for one in writers if ".H" in one} | {"all"}
    means = [one.log_odds.mean() for one in found.strongest("writer", "keys", 99)]
    assert len(means) == len(writers) and means == sorted(means)
    assert len(found.rows()) == 1 + len(found.rest)
    with pytest.raises(KeyError):
        found.find("writer", "keys", "L2.H0")


def test_what_a_mean_pattern_costs(model: PuzzleGPT) -> None:
    """The loss of the answer, with the head's pattern and with its output replaced by hooks."""
    rows = puzzle_rows(1)
    even = torch.ones(405, 405).tril()
    even = (even / even.sum(-1, keepdim=True)).expand(3, 4, -1, -1)
    means = ReferenceMeans(model.checkpoint_id, patterns=dict.fromkeys(STRUCTURES[:2], even))
    found = one_side(model, rows, HEAD, BACK, means).losses

    def cost(name: str, value: torch.Tensor | float) -> np.ndarray:
        def put(x: torch.Tensor, hook: object) -> torch.Tensor:
            (x[:, HEAD.head] if name == "pattern" else x[:, :, HEAD.head])[:] = value
            return x

        hooks = [(f"blocks.{HEAD.layer}.attn.hook_{name}", put)]
        tokens = torch.from_numpy(rows.tokens)
        each = model.run_with_hooks(tokens, fwd_hooks=hooks, return_type="loss", loss_per_token=True)
        return each[:, 303:].mean(1).numpy()

    np.testing.assert_allclose(found["pattern"], cost("pattern", even[0, 0]), rtol=1e-4)
    np.testing.assert_allclose(found["zero"], cost("z", 0.0), rtol=1e-4)
    assert abs(found["clean"] - found["pattern"]).min() > 1e-4


def test_what_share_is_lost() -> None:
    def one(*odds: float) -> Intervention:
        some = np.zeros(2)
        return Intervention("swap", "keys", None, np.array(odds), some, some, some)

    found = Interventions(HEAD, BACK, one(3.0, 5.0), -6.0, (), {})
    assert found.lost(one(-1.0, -1.0)) == Estimate(0.5, 0.4, 0.6)
    assert found.lost(found.clean).value == 0
    assert np.isnan(Interventions(HEAD, BACK, one(-7.0, -7.0), -6.0, (), {}).lost(one(0.0, 0.0)).value)


# ---- elsewhere ---------------------------------------------------------------------------------------------


def test_what_is_inserted() -> None:
    tokens = puzzle_rows(1).tokens
    moved = filled(tokens, 3)
    assert moved.shape == tokens.shape and (moved[:, 304:] == tokens[:, 304:]).all()
    assert (moved[:, 301:304] == 0).all() and (moved[:, 99:301] == tokens[:, 102:304]).all()
    assert (moved[:, :99] == tokens[:, :99]).all() and (filled(tokens, 0) == tokens).all()
    with pytest.raises(PuzzlescopeError, match="0 to 100 tokens to insert, got 101"):
        filled(tokens, 101)


def test_a_pointer_keeps_its_distance_elsewhere() -> None:
    pointer, head = pointing(100), Component(0, "head", 0)
    one = with_filler(pointer, puzzle_rows(1), head, 100, 2)
    assert one.peak["back"].min() == 1 and one.peak["content"].max() == 0
    assert (
        one.attention["back"].min() > 0.99 and one.log_odds["back"].min() > 5 > one.log_odds["content"].max()
    )
    other = with_period(pointer, head, 100, 60, n=2)
    assert [row["peak"] for row in other.rows()] == [1, 0, 0]
    assert other.offsets == {"back": 100, "next": 59, "same": 60}


def test_periods() -> None:
    drawn = periodic(57, n=3)
    assert (drawn[:, 58:] == drawn[:, 1:-57]).all() and (drawn[:, 0] == 0).all() and drawn.max() <= 10
    assert not (drawn[0] == drawn[1]).all()
    with pytest.raises(PuzzlescopeError, match="a period of 2 to 202, got 203"):
        periodic(203)


# ---- what cannot be asked ----------------------------------------------------------------------------------


def test_what_cannot_be_asked(model: PuzzleGPT, rows: Rows) -> None:
    with pytest.raises(PuzzlescopeError, match=r"has no L7\.H0"):
        pointer_shift(model, rows, Component(7, "head", 0), 100)
    with pytest.raises(PuzzlescopeError, match=r"Expected a head, as L1.H5, got L1.mlp"):
        one_side(model, rows, Component(1, "mlp"), 100)
    with pytest.raises(PuzzlescopeError, match=r"0 to 304 .* got 305"):
        pointer_shift(model, rows, HEAD, 305)
    with pytest.raises(PuzzlescopeError, match=r"Nothing called 'L2.mlp' can be moved before L2.H3"):
        pointer_shift(model, rows, HEAD, 100, moved="L2.mlp")
    with pytest.raises(PuzzlescopeError, match="no puzzle"):
        Rows.of_puzzles([], BANK)


def test_other_puzzles_are_in_the_same_order() -> None:
    rows = puzzle_rows(3)
    assert (rows.others[:, 1] == rows.tokens[:, 1]).all() and (rows.others != rows.tokens).any(1).all()
    assert [own[0, 1] for own in rows.references] == [11, 12]
    again = Rows.of_puzzles(BANK[:2], BANK, seed=1)
    assert (again.others != Rows.of_puzzles(BANK[:2], BANK).others).any()


def test_intervals() -> None:
    found = estimate(np.array([1.0, 2.0, 3.0, np.nan]))
    assert found.value == 2 and 1 <= found.low < 2 < found.high <= 3
    assert np.isnan(estimate(np.array([np.nan])).low)


def test_a_head_that_has_nothing_to_lose_says_so(found: Interventions) -> None:
    even = Interventions(HEAD, BACK, found.clean, float(found.clean.log_odds.mean()) + 1, found.rest, {})
    assert "there is nothing to lose" in even.summary() and "nan" not in even.summary()
