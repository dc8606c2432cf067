"""What strangers bring to a page: numbers that are none, and texts without end."""

import gzip
import json
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit
import torch
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from app.state import backend as shared
from app.state import scene, texts
from app.state.link import Context, read_query
from app.views import PAGES
from app.views.shared.soundness import warning
from app.widgets import ablation_board, lens_film, loss_readout
from app.widgets.ablation_board import Board, Tile, board_data
from app.widgets.browser.sending import finite
from app.widgets.grid_attention.choice import Choice
from app.widgets.grid_attention.view import message
from app.widgets.grid_attention.weights import weights_of
from app.widgets.puzzle_strip import PLAIN, Panel, strip
from app.widgets.token_attention.window import read_window
from interp import load_puzzles
from interp.ablation import NO_ABLATION, Component, parse_ablation, parse_method
from interp.analyses.attention import LayerAttention
from interp.analyses.direct_attribution import direct_attribution
from interp.analyses.logit_lens import logit_lens
from interp.checkpoints import save_model
from interp.engine.answers import AnswerLoss, Prediction
from interp.engine.predict import predict
from interp.errors import PuzzlescopeError, brief
from interp.figures.attribution import attribution_bars, attribution_map, part_map
from interp.figures.scale import UNKNOWN
from interp.model import PuzzleGPT
from interp.outputs import plain
from interp.tasks import TASKS
from interp.tokens import structure_named
from tests.support.models import SMALL, small_model
from tests.support.pages import choices_of, page_of, words

# ---- numbers that are none ---------------------------------------------------------------------------------

numbers = st.floats() | st.floats(width=32).map(np.float32) | st.integers() | st.text(max_size=3) | st.none()
data = st.recursive(
    numbers,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=3), inner, max_size=4)
        | st.tuples(inner)
    ),
)


@given(data)
def test_whatever_is_sent_a_browser_can_read(one: Any) -> None:
    text = json.dumps(plain(one), allow_nan=False)
    assert plain(json.loads(text)) == json.loads(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_finite_numbers_are_sent_as_they_are(number: float) -> None:
    assert plain([number]) == [number] and finite(np.array([number, math.nan])).tolist() == [number, 0.0]


def strict(text: str | bytes) -> Any:
    """JSON as a browser reads it."""
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


@pytest.fixture(scope="module")
def diverged() -> PuzzleGPT:
    """A model whose activations are beyond what float32 holds, as after a training that went wrong."""
    model = small_model()
    for parameter in model.parameters():
        parameter.data *= 1e15
    return model


def prediction(loss: float, probability: float = 0.5) -> Prediction:
    """Of one puzzle, the same at all cells, of which one half is copied."""
    cells = np.full((1, 100), loss, np.float32)
    losses = AnswerLoss(np.full(1, loss, np.float32), cells, np.arange(100)[None] < 50)
    chances = np.full((1, 100, 15), probability, np.float32)
    return Prediction(losses, chances, np.array([False]), np.zeros((1, 100), np.int64), chances)


def test_such_a_model_is_told_of_in_a_sentence(diverged: PuzzleGPT, tokens: np.ndarray) -> None:
    found = warning(predict(diverged, tokens[:1]))
    assert found.startswith("This model's answers are not finite numbers: on this puzzle ")
    assert "With L1.attn off, this model's" in warning(prediction(math.inf), "With L1.attn off, this")
    assert (
        warning(prediction(0.25, math.nan)) and not warning(prediction(0.25)) and not warning(prediction(0.0))
    )


@pytest.mark.parametrize("before", [math.nan, math.inf, 0.0, 1e-40, 0.5])
@pytest.mark.parametrize("after", [math.nan, math.inf, 0.0, 1e-40, 0.5, None])
def test_losses_of_any_size_are_told(before: float, after: float | None) -> None:
    shown = loss_readout.items(prediction(before), None if after is None else prediction(after))
    for item in shown:
        said = f"{item.before} {item.after} {item.note}"
        assert not re.search(r"nan|inf(?!i)", said) and "no such cell" not in said and len(said) < 50, said
        if item.worse:
            assert item.before != item.after, "nothing is marked that looks the same"
    assert (shown[0].before == "not finite") == (not math.isfinite(before))


def test_only_where_there_is_no_such_cell_it_is_said_so() -> None:
    copied = prediction(math.nan)
    copied.loss.copied[:] = True
    assert [item.before for item in loss_readout.items(copied, None)][:4] == [
        "not finite",
        "not finite",
        "not finite",
        "no such cell",
    ]


@pytest.mark.parametrize("loss", [None, math.nan, math.inf, 0.0, 1e-40, 3e38])
@pytest.mark.parametrize("clean", [None, math.nan, math.inf, 0.0, 1e-40])
def test_the_board_takes_any_loss(loss: float | None, clean: float | None) -> None:
    part = Component(0, "attn")
    change = math.nan if loss is None or clean is None else loss - clean
    tile = Tile(change, "27 of 100 cells broken", loss, clean)
    board = Board(SMALL, NO_ABLATION, {part: tile}, "final", 1, progress=math.nan)
    colour, _, _, number, label, said, _ = strict(json.dumps(board_data(board)))["tiles"]["L0.attn"]
    assert not re.search(r"nan|inf(?!i)", f"{number} {label} {said}")
    assert ("no such cell" in said) == (loss is None)
    assert (colour == UNKNOWN) == ("not known" in label)


def test_what_a_diverged_model_computes_can_be_drawn(diverged: PuzzleGPT, tokens: np.ndarray) -> None:
    with np.errstate(all="ignore"):
        found = predict(diverged, tokens[:1])
        panel = Panel("Model", found.greedy[0], tokens[0, -100:], np.full((100, 15), np.nan, np.float32))
        lens = logit_lens(diverged, tokens[0])
        attribution = direct_attribution(diverged, tokens[0])
    strict(json.dumps(strip._data([panel], PLAIN, None, "puzzle")))
    strict(json.dumps(lens_film.data(lens, PLAIN, NO_ABLATION, None)))
    figures = [chart(attribution, cell=0) for chart in (attribution_bars, attribution_map)]
    for figure in (*figures, part_map(attribution, attribution.parts[0])):
        assert "not finite" in figure.layout.annotations[0].text
    assert "not finite" in attribution.summary(0)


def test_attention_that_is_not_finite_is_nothing() -> None:
    pattern = np.full((2, 405, 405), np.nan, np.float32)
    norms = np.full((2, 405), np.inf, np.float32)
    attention = LayerAttention(pattern, norms, np.zeros(2, bool))
    puzzle = load_puzzles("bank")[0]
    sent = message(attention, puzzle, Choice(), layer=0, note="", colors=[])
    assert strict(json.dumps(sent).encode())["largest"] == 0
    weights = weights_of(attention)
    assert not any(gzip.decompress(weights.answer)) and not any(gzip.decompress(weights.others))


@pytest.fixture
def opened(
    diverged: PuzzleGPT, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], AppTest]]:
    """Opens a page of a dashboard of its own with the model that diverged."""
    save_model(diverged, str(tmp_path / "diverged"), "# Diverged\n", dtype=torch.float32)
    monkeypatch.setenv("PUZZLESCOPE_MODEL", str(tmp_path / "diverged"))
    monkeypatch.setattr(shared, "_backend", None)
    streamlit.cache_resource.clear()  # what the visitor of other tests looks in on
    yield lambda view: page_of(view).run()
    streamlit.cache_resource.clear()


@pytest.mark.parametrize("view", [page.name for page in PAGES if page.name not in ("stories", "studies")])
def test_every_page_of_a_diverged_model_says_so_and_is_there(
    view: str, opened: Callable[[str], AppTest]
) -> None:
    page = opened(view)
    assert not page.exception and not page.error
    assert [one for one in page.warning if "not finite numbers" in one.value]
    assert not re.search(r"\bnan\b|\binf\b", words(page))


# ---- texts without end -------------------------------------------------------------------------------------

LINE = 280
"""Letters of the longest sentence, which holds at most two quotations of 40."""

beginnings = st.sampled_from(
    [
        "",
        "L",
        "L1.",
        "L1.H",
        "L1.attn:",
        "L1.attn:lookback=",
        "L0-",
        "L1.attn,,",
        "g4r",
        "frame-L",
        "rows-",
        "g3r1c1-",
        "X",
    ]
)
long_texts = st.builds(
    lambda start, body, times, end: start + body * times + end,
    beginnings,
    st.text(min_size=1, max_size=5),
    st.sampled_from([1, 9, 100_000]),
    st.sampled_from(["", ",", "-0", ":mean"]),
)
HERE = Context(SMALL, load_puzzles("bank"))
READERS: list[Callable[[str], Any]] = [
    lambda text: parse_ablation(text, SMALL),
    lambda text: parse_method(text, "The method"),
    structure_named,
    read_window,
    lambda text: texts.component(text, HERE),
]


@given(long_texts)
def test_what_strangers_write_is_never_longer_than_a_line(text: str) -> None:
    said = []
    for read in READERS:
        try:
            read(text)
        except PuzzlescopeError as error:
            said.append(str(error))
    for parameters in (scene.PARAMETERS, *map(choices_of, PAGES)):
        said += read_query(dict.fromkeys(parameters, text), parameters, HERE)[1]
    assert said
    for sentence in said:
        assert len(sentence) <= LINE + len(", ".join(TASKS)) and len(sentence.splitlines()) == 1
        assert len(text) < 200 or text[:200] not in sentence


@given(st.text() | long_texts, st.integers(2, 60))
def test_a_quotation_is_one_line_and_as_long_as_is_said(text: str, length: int) -> None:
    found = brief(text, length)
    assert len(found) <= length and len(found.splitlines()) <= 1
    if text.isascii() and text.isprintable() and text.split() and len(text) <= length:
        assert found == " ".join(text.split())


@pytest.mark.parametrize(
    ("off", "title", "run"),
    [
        ("", "", "the clean run"),
        ("L1.attn", "L1.attn ablated", "the run with L1.attn ablated"),
        (
            "L0.attn:lookback=100",
            "with the attention of layer 0 fixed 100 positions back",
            "the run with the attention of layer 0 fixed 100 positions back",
        ),
    ],
)
def test_attention_that_is_fixed_is_not_called_ablated(off: str, title: str, run: str) -> None:
    made = scene.Scene("default", load_puzzles("bank")[0], ablation=parse_ablation(off, SMALL))
    assert (made.title[1], made.run) == (title, run)


def test_what_is_off_is_cut_where_it_is_part_of_a_sentence() -> None:
    everything = ",".join(
        f"L{layer}.H{head}:lookback={7 * head + layer}" for layer in range(3) for head in range(4)
    )
    ablation = parse_ablation(everything, SMALL)
    made = scene.Scene("default", load_puzzles("bank")[0], ablation=ablation)
    assert len(made.run) < 90 and made.query()["off"] == ablation.text
    assert ablation_board.chips(ablation, SMALL)
