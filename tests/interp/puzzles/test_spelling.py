"""Puzzles as texts: there and back, one text a puzzle, and nothing that is damaged is taken for one."""

import base64
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from interp.errors import PuzzlescopeError
from interp.puzzles import Puzzle, load_puzzles, save_puzzles
from interp.puzzles.spelling import PREFIX, is_spelled, read_spelled, spelled
from interp.tasks import TASKS
from interp.tokens import STRUCTURES, encode

grids = arrays(np.uint8, (4, 10, 10), elements=st.integers(0, 10))
labels = st.sampled_from(list(TASKS)) | st.text(max_size=100).filter(str.isprintable)
puzzles = st.builds(
    lambda task, cells, order: Puzzle.of(task, encode(cells, order)),
    labels,
    grids,
    st.sampled_from(STRUCTURES),
)


@settings(max_examples=60, deadline=None)
@given(puzzles)
def test_there_and_back(puzzle: Puzzle) -> None:
    text = spelled(puzzle)
    assert read_spelled(text) == puzzle and is_spelled(text) and text.isascii() and "%" not in text
    assert len(text) < 260 or puzzle.task not in TASKS


def test_the_extremes() -> None:
    for color in (0, 10):
        cells = np.full((4, 10, 10), color, dtype=np.uint8)
        puzzle = Puzzle.of("frame", encode(cells, STRUCTURES[3]))
        assert read_spelled(spelled(puzzle)) == puzzle


def test_different_puzzles_have_different_texts() -> None:
    bank = load_puzzles("bank")
    assert len({spelled(puzzle) for puzzle in bank[:200]}) == 200


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_text_is_never_another_puzzle(data: st.DataObject) -> None:
    text = spelled(load_puzzles("bank")[7])
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("ABCxyz019_-.=%é\n"))
    for bad in (text[:place] + letter + text[place + 1 :], text[:place], text + letter):
        if bad != text:
            with pytest.raises(PuzzlescopeError) as caught:
                read_spelled(bad)
            assert "\n" not in str(caught.value)


def forged(body: bytes) -> str:
    """A text with a right checksum."""
    data = body + zlib.crc32(body).to_bytes(4, "big")
    return PREFIX + base64.urlsafe_b64encode(data).decode().rstrip("=")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (bytes([1 << 2, 0]) + b"\xff" * 173, "damaged"),  # a number beyond all cells
        (bytes([2 << 2, 0]) + bytes(173), "version 2"),
        (bytes([1 << 2, 200]) + bytes(173), "damaged"),  # no such task
        (bytes([1 << 2, 255, 0, 2]) + b"\xff\xff" + bytes(173), "damaged"),  # no text
        (bytes([1 << 2, 255, 0, 1]) + b"\n" + bytes(173), "one line"),
        (bytes([1 << 2, 255, 0, 5]) + b"frame" + bytes(173), "damaged"),  # it has a number
        (bytes([1 << 2, 255, 255, 255]) + bytes(173), "damaged"),
        (bytes([1 << 2, 0]) + bytes(174), "damaged"),
    ],
)
def test_what_is_forged_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(PuzzlescopeError, match=said):
        read_spelled(forged(body))


def test_a_file_may_be_called_so(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    save_puzzles(load_puzzles("bank", limit=2), "own.json")
    assert len(load_puzzles("own.json")) == 2
    with pytest.raises(PuzzlescopeError, match="damaged"):
        load_puzzles(spelled(load_puzzles("bank")[0])[:-1])
