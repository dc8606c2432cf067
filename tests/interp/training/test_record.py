"""The record of a training: kinds of puzzle go by name, whatever their number and order."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from interp.assets import MODELS
from interp.errors import PuzzlescopeError
from interp.puzzles.kinds import KINDS
from interp.training.data import DataState, TrainingData
from interp.training.record import TRAINING_FILE, read_record, record_text

GONE, KEPT = KINDS[0].name, KINDS[5].name


def changed(folder: Path, **data: Any) -> Path:
    """A folder with the default model's record, what is counted in it replaced."""
    content = json.loads((MODELS / "default" / TRAINING_FILE).read_text())
    content["data"] |= data
    (folder / TRAINING_FILE).write_text(json.dumps(content))
    return folder


def test_a_kind_that_is_not_named_has_given_no_puzzles(tmp_path: Path) -> None:
    found = read_record(changed(tmp_path, taken={KEPT: 7}, loss={KEPT: 0.25}, ahead=[]))
    supply = TrainingData.from_state(found.data)
    fresh = TrainingData(supply.seed)
    for kind in KINDS:
        seen = (supply.taken[kind.index], supply.loss[kind.index])
        begun = (fresh.taken[kind.index], fresh.loss[kind.index])
        assert seen == ((7, 0.25) if kind.name == KEPT else begun)


def test_the_order_in_the_file_says_nothing(tmp_path: Path) -> None:
    default = read_record(MODELS / "default")
    backwards = {name: default.data.taken[name] for name in reversed(default.data.taken)}
    found = read_record(changed(tmp_path, taken=backwards))
    assert found == default
    assert TrainingData.from_state(found.data).taken.tolist() == list(default.data.taken.values())


@pytest.mark.parametrize("where", ["taken", "loss", "ahead"])
def test_a_kind_that_there_is_not_is_named(tmp_path: Path, where: str) -> None:
    spoiled: dict[str, Any] = {"taken": {"swap: X": 1}, "loss": {"swap: X": 1.0}, "ahead": ["swap: X"]}
    expected = f"{TRAINING_FILE} counts puzzles of a kind that is not known here, 'swap: X'"
    with pytest.raises(PuzzlescopeError, match=expected):
        read_record(changed(tmp_path, **{where: spoiled[where]}))
    state = DataState.read({"seed": 1, "taken": {}, "loss": {}, "ahead": [], where: spoiled[where]})
    with pytest.raises(PuzzlescopeError, match="'swap: X': expected kinds of the tasks replace_color, "):
        TrainingData.from_state(state)


def test_shares_solved_of_a_kind_that_there_is_not(tmp_path: Path) -> None:
    record = replace(read_record(MODELS / "default"), solved={GONE: 0.5, "swap: X": 0.5})
    (tmp_path / TRAINING_FILE).write_text(record_text(record))
    with pytest.raises(PuzzlescopeError, match="'swap: X'"):
        read_record(tmp_path)


@pytest.mark.parametrize("content", ["[]", "3", "{}", "null", '{"data": []}', "[" * 100_000])
def test_what_is_no_record_is_a_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / TRAINING_FILE).write_text(content)
    with pytest.raises(PuzzlescopeError, match="is not the record of a training") as caught:
        read_record(tmp_path)
    assert "\n" not in str(caught.value)


def test_counts_by_place_are_no_record_of_this_version(tmp_path: Path) -> None:
    with pytest.raises(PuzzlescopeError, match="is not the record of a training by this version"):
        read_record(changed(tmp_path, taken=[1] * len(KINDS)))
