"""Files of pairs: what is written is read again, and what is no such file is refused in a sentence."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp.errors import PuzzlescopeError
from interp.pairs import KINDS, Pair, read_pairs, shipped_pairs, write_pairs
from interp.pairs.files import pairs_bytes

PAIRS = [shipped_pairs(kind, "grow")[0] for kind in KINDS]


def arrays() -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(pairs_bytes(PAIRS))) as file:
        return {name: file[name] for name in file.files}


def saved(folder: Path, **changed: np.ndarray | None) -> Path:
    """A file of the pairs with other arrays, or without some."""
    path = folder / "pairs.npz"
    kept = {name: array for name, array in (arrays() | changed).items() if array is not None}
    np.savez(path, allow_pickle=True, **kept)
    return path


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = write_pairs(PAIRS, tmp_path / "pairs.npz")
    assert read_pairs(path) == PAIRS
    with np.load(path, allow_pickle=False) as file:
        assert file["base"].dtype == np.uint8 and file["base"].shape == (len(PAIRS), 404)
        assert file["variable"].tolist() == [pair.variable for pair in PAIRS]
    first = path.read_bytes()
    assert write_pairs(PAIRS, path).read_bytes() == first, "the same pairs are the same bytes"
    assert [one.name for one in tmp_path.iterdir()] == ["pairs.npz"]


def test_the_counterfactuals_task_may_be_left_out(tmp_path: Path) -> None:
    found = read_pairs(saved(tmp_path, other_task=None))
    assert [pair.base for pair in found] == [pair.base for pair in PAIRS]
    assert {pair.counterfactual.task for pair in found} == {"grow"}


def test_there_must_be_something_to_write(tmp_path: Path) -> None:
    with pytest.raises(PuzzlescopeError, match="at least one pair"):
        write_pairs([], tmp_path / "pairs.npz")
    with pytest.raises(PuzzlescopeError, match=r"ends in \.npz"):
        write_pairs(PAIRS, tmp_path / "pairs.json")


def of_two_orders() -> np.ndarray:
    """Counterfactuals of which the first has its grids in another order than its base."""
    others = arrays()["counterfactual"]
    others[0] = shipped_pairs("order", "grow")[0].counterfactual.tokens
    if PAIRS[0].base.structure == shipped_pairs("order", "grow")[0].counterfactual.structure:
        others[0] = shipped_pairs("order", "grow")[0].base.tokens
    return others


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"variable": None}, "'pairs.npz' lacks variable"),
        (
            {"base": np.zeros((5, 405), np.uint8)},
            r"'base' to be whole numbers \[5, 404\], got uint8 \[5, 405\]",
        ),
        ({"base": np.zeros((5, 404))}, "'base' to be whole numbers .* got float64"),
        ({"task": np.array(["grow"])}, r"'task' to be texts \[5\]"),
        ({"task": np.array(["grow"] * 5, dtype=object)}, "it is damaged"),
        ({"kind": np.array(["rule", "colour", "rule", "rule", "rule"])}, "pair 2: No kind of pairs 'colour'"),
        ({"base": np.full((5, 404), 11, np.uint8)}, "'pairs.npz', pair 1: "),
        ({"variable": np.array(["a\nb"] * 5)}, "pair 1: expected 'variable' to be at most 200 letters"),
        ({"variable": np.array(["a" * 201] * 5)}, "at most 200 letters on one line"),
        ({"counterfactual": of_two_orders()}, "pair 1: expected both puzzles .* in the same order"),
    ],
)
def test_what_is_wrong_is_said(changed: dict[str, np.ndarray | None], message: str, tmp_path: Path) -> None:
    with pytest.raises(PuzzlescopeError, match=message) as raised:
        read_pairs(saved(tmp_path, **changed))
    assert "\n" not in str(raised.value)


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    single, huge = tmp_path / "single.npz", tmp_path / "huge.npz"
    with single.open("wb") as file:
        np.save(file, np.zeros(3))
    with zipfile.ZipFile(huge, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("base", "counterfactual", "task", "kind", "variable"):
            archive.writestr(f"{name}.npy", bytes(40_000_000))
    for path, message in (
        (tmp_path / "none.npz", "No such file"),
        (single, "of another kind"),
        (huge, "larger than 100,000 pairs"),
    ):
        with pytest.raises(PuzzlescopeError, match=message):
            read_pairs(path)


@settings(max_examples=40)
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray(pairs_bytes(PAIRS[:1]))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    path.write_bytes(content[: cut if data.draw(st.booleans()) else None])
    try:
        found = read_pairs(path)
    except PuzzlescopeError as error:
        assert "\n" not in str(error)
    else:
        assert all(isinstance(pair, Pair) for pair in found)
