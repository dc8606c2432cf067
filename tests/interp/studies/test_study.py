"""A study's numbers are those of a sweep, and it can be killed between any two writes."""

import errno
import os
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from time import time

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from interp.ablation import components_of, means_by, parse_method
from interp.analyses.ablation_sweep import sweep
from interp.errors import PuzzlescopeError
from interp.model import Config, PuzzleGPT
from interp.puzzles import Puzzle, PuzzleSet, load_puzzles, save_puzzles
from interp.puzzles.limited import read_fairly
from interp.puzzles.rows import Wanted
from interp.studies import folder as folders
from interp.studies.asked import Asked, planned
from interp.studies.compacting import compact
from interp.studies.engines.local import LocalEngine
from interp.studies.folder import RATE_FILE, SUMMARY_FILE, StudyFolder
from interp.studies.plan import Plan
from interp.studies.progress import LEAST_SILENCE, keep_rate, status_of
from interp.studies.running import begin, go_on
from interp.studies.schema import CLEAN, EFFECTS, PUZZLES
from interp.studies.work import Measuring, Worker
from interp.tokens import structure_named
from tests.support.models import small_model

TINY = Config(n_layers=2, n_heads=2, d_model=16, d_head=8, d_mlp=16)
PARTS = ("L0.attn", "L1.H1")


@pytest.fixture(scope="module")
def model() -> PuzzleGPT:
    return small_model(0, TINY)


def begun(folder: StudyFolder, model: PuzzleGPT, **choices: object) -> Plan:
    usual = {} if "puzzles" in choices else {"limit": 20}
    return begin(folder, planned(model, Asked(PARTS, **{"chunk": 8} | usual | choices)))


def whole(url: Path, model: PuzzleGPT, **choices: object) -> StudyFolder:
    folder = StudyFolder(str(url))
    begun(folder, model, **choices)
    list(go_on(folder, model, LocalEngine()))
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*")}


@pytest.mark.parametrize("method", ["zero", "mean", "resample=1"])
def test_it_equals_a_sweep_to_the_last_digit(method: str, model: PuzzleGPT, tmp_path: Path) -> None:
    folder = whole(tmp_path, model, method=method)
    found = [folder.read(EFFECTS, chunk).to_pandas() for chunk in range(3)]
    puzzles, how = load_puzzles("bank", limit=20), parse_method(method, "method")
    means = means_by(model, load_puzzles("bank"), puzzles, how) if how.needs_means else None
    parts = [one for one in components_of(model.cfg, ["attn", "head"]) if one.text in PARTS]
    clean, *rows = sweep(model, puzzles.tokens, parts, means=means, method=how)
    for row in (clean, *rows):
        name = row.component.text if row.component else CLEAN
        own = [part[part["component"] == name] for part in found]
        for cut in ("final", "cells", "copied", "changed"):
            np.testing.assert_array_equal(
                np.concatenate([part[f"loss_{cut}"] for part in own]), row.loss.by_puzzle(cut)
            )
        assert (np.concatenate([part["solved"] for part in own]) == row.solved).all()
        assert (np.concatenate([part["wrong"] for part in own]) == (~row.right).sum(1)).all()
        assert np.concatenate([part["broken"] for part in own]).mean() == row.cells_broken(clean)
        assert np.concatenate([part["puzzle"] for part in own]).tolist() == list(range(20))
    ids = [name for chunk in range(3) for name in folder.read(PUZZLES, chunk)["id"].to_pylist()]
    assert ids == [puzzle.id for puzzle in puzzles]


@pytest.mark.parametrize("puzzles", ["bank", "generate:20"])
def test_what_was_killed_goes_on_and_a_second_run_adds_nothing(
    puzzles: str, model: PuzzleGPT, tmp_path: Path
) -> None:
    choices = {"puzzles": puzzles} | ({"limit": 20} if puzzles == "bank" else {})
    whole(tmp_path / "whole", model, **choices)
    cut = StudyFolder(str(tmp_path / "cut"))
    begun(cut, model, **choices)
    running = go_on(cut, model, LocalEngine())
    assert next(running).chunk == 0
    running.close()
    (tmp_path / "cut" / EFFECTS / ".left.partial").write_bytes(b"half")
    begun(cut, model, **choices)
    assert [done.chunk for done in go_on(StudyFolder(cut.url), model, LocalEngine())] == [1, 2]
    (tmp_path / "cut" / EFFECTS / ".left.partial").unlink()
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")
    assert list(go_on(cut, model, LocalEngine())) == []


def test_it_can_stop_between_any_two_writes(
    model: PuzzleGPT, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full at the first write, then at the second, ...: each time the same command goes on."""
    expected, cut = contents_of(whole(tmp_path / "whole", model)), tmp_path / "cut"
    allowed = [0]
    place = os.replace

    def full(source: str, target: str) -> None:
        if not allowed[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        allowed[0] -= 1
        place(source, target)

    monkeypatch.setattr(folders.os, "replace", full)
    for stop in range(20):
        allowed[0] = stop % 3
        folder = StudyFolder(str(cut))
        try:
            begun(folder, model)
            list(go_on(folder, model, LocalEngine()))
            break
        except PuzzlescopeError as error:
            assert "No space left on device. What is there stays" in str(error)
    assert 4 < stop < 19 and contents_of(StudyFolder(str(cut))) == expected
    assert not list(cut.rglob("*.partial"))


def contents_of(folder: StudyFolder) -> dict[str, bytes]:
    return contents(Path(folder.url))


def test_bad_parts_are_computed_anew(model: PuzzleGPT, tmp_path: Path) -> None:
    folder = whole(tmp_path / "one", model)
    expected = contents_of(folder)
    other = whole(tmp_path / "other", model, measures="loss")
    first, second, third = (Path(folder.part(EFFECTS, chunk)) for chunk in range(3))
    first.write_bytes(first.read_bytes()[:-100])  # half
    second.write_bytes(Path(other.part(EFFECTS, 1)).read_bytes())  # of another plan
    third.write_bytes(b"")
    Path(folder.part(PUZZLES, 2)).unlink()
    with pytest.raises(PuzzlescopeError, match=r"effects/000000\.parquet .* cannot be read"):
        folder.rows(EFFECTS)
    assert [done.chunk for done in go_on(folder, model, LocalEngine())] == [0, 1, 2]
    summary = tmp_path / "one" / SUMMARY_FILE
    summary.write_text("of what was in them")
    first.write_bytes(second.read_bytes())  # another chunk's
    rows = parquet.read_table(third)
    parquet.write_table(pa.concat_tables([rows, rows]), third)  # by hand
    parquet.write_table(rows, third.with_name("000003.parquet"))  # there is no such chunk
    assert [done.chunk for done in go_on(folder, model, LocalEngine())] == [0, 2]
    assert not summary.exists()
    kept = {name: content for name, content in contents_of(folder).items() if "unreadable" not in name}
    assert kept == expected


def test_two_runs_on_one_folder_share_the_work(model: PuzzleGPT, tmp_path: Path) -> None:
    folder = StudyFolder(str(tmp_path))
    begun(folder, model, puzzles="generate:64")
    running = [LocalEngine().run(model, folder, folder.missing()) for _ in range(2)]
    chunks = [[next(one).chunk for one in running]]  # the first is done when the second begins
    for one in running:
        chunks.append([done.chunk for done in one])
    assert sorted(chain(*chunks)) == list(range(8))
    again = Worker(model, folder).do(3)
    assert again.again and folder.missing() == []


def test_it_is_compacted_and_no_row_is_counted_twice(
    model: PuzzleGPT, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = whole(tmp_path / "whole", model, puzzles="generate:40")
    before = contents_of(folder)
    rows = folder.read(EFFECTS, 3)
    removed = monkeypatch.setattr(StudyFolder, "remove", lambda *_: None)  # killed before they go
    assert len(list(compact(folder, group=2))) == 4 and removed is None
    monkeypatch.undo()
    assert [Path(name).name for name in folder.to_read(EFFECTS)] == [
        *("000000-000001.parquet", "000002-000003.parquet", "000004.parquet")
    ]
    assert folder.missing() == [] and status_of(folder).computed == 40
    assert list(compact(folder, group=2)) == []
    assert {name for name in contents_of(folder) if EFFECTS in name} == {
        f"{EFFECTS}/{Path(name).name}" for name in folder.to_read(EFFECTS)
    }
    assert folder.read(EFFECTS, 3).equals(rows) and folder.there(3)
    left = tmp_path / "whole" / EFFECTS / ".left.partial"
    left.write_bytes(b"half")
    assert folder.remove_stale() == 0 and folder.remove_stale(now=time() + 4000) == 1 and not left.exists()
    Path(folder.to_read(EFFECTS)[1]).write_bytes(b"damaged")
    assert [done.chunk for done in go_on(folder, model, LocalEngine())] == [2, 3]
    assert all(
        contents_of(folder)[f"{EFFECTS}/00000{k}.parquet"] == before[f"{EFFECTS}/00000{k}.parquet"]
        for k in (2, 3)
    )


def test_a_file_is_laid_down_as_it_comes(
    model: PuzzleGPT, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = load_puzzles("bank", limit=40)
    save_puzzles(drawn, tmp_path / "some.parquet")
    monkeypatch.setattr("interp.studies.sources.TAKEN", 4)
    monkeypatch.setattr("interp.puzzles.parquet_files.BLOCK", 4)
    monkeypatch.setattr(PuzzleSet, "limit", None)  # the whole set is never made
    folder = StudyFolder(str(tmp_path / "study"))
    source = str(tmp_path / "some.parquet")
    plan = begun(folder, model, puzzles=source)
    assert plan.n == 40 and folder.read(PUZZLES, 4)["id"].to_pylist() == [one.id for one in drawn[32:]]
    assert begun(folder, model, puzzles=source) == plan
    save_puzzles(drawn[:39], tmp_path / "some.parquet")
    with pytest.raises(PuzzlescopeError, match="it has 40 puzzles, asked for: 39"):
        begun(folder, model, puzzles=source)
    Path(folder.part(PUZZLES, 1)).unlink()
    with pytest.raises(PuzzlescopeError, match="does not hold the same any more"):
        next(go_on(folder, model, LocalEngine()))


def test_a_limit_of_a_file_takes_what_loading_takes_and_holds_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = load_puzzles("bank")
    file = tmp_path / "some.jsonl"
    save_puzzles(PuzzleSet("some", tuple(bank[(7 * k) ** 2 % len(bank)] for k in range(90))), file)
    monkeypatch.setattr("interp.puzzles.limited.HELD", 8)
    order = structure_named("X f(X) Y f(Y)")
    for wanted in (Wanted(limit=50), Wanted(limit=50, structure=order), Wanted(limit=90), Wanted(limit=1)):
        lots: list[Sequence[Puzzle]] = []
        read_fairly(file, wanted, lots.append)
        expected = load_puzzles(file, structure=wanted.structure, limit=wanted.limit)
        assert [puzzle for lot in lots for puzzle in lot] == list(expected)
        assert max(map(len, lots)) <= 8

    def shortened(lot: Sequence[Puzzle]) -> None:
        save_puzzles(bank[:9], file)

    with pytest.raises(PuzzlescopeError, match="has changed while it was read"):
        read_fairly(file, Wanted(limit=50), shortened)


def test_what_is_in_the_way_is_told(model: PuzzleGPT, tmp_path: Path) -> None:
    folder = StudyFolder(str(tmp_path / "one"))
    begun(folder, model)
    with pytest.raises(PuzzlescopeError, match="it has 20 puzzles, asked for: 16"):
        begun(folder, model, limit=16)
    with pytest.raises(PuzzlescopeError, match="its measures are loss"):
        begun(folder, model, measures="loss,solved")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "letter.txt").write_text("")
    with pytest.raises(PuzzlescopeError, match=r"something else lies in it, such as letter\.txt"):
        begun(StudyFolder(str(tmp_path / "two")), model)
    with pytest.raises(PuzzlescopeError, match="is a file"):
        begun(StudyFolder(str(tmp_path / "two" / "letter.txt")), model)
    with pytest.raises(PuzzlescopeError, match="There is no study"):
        _ = StudyFolder(str(tmp_path / "three")).plan
    file = tmp_path / "one" / "study.json"
    for text, told in (
        ("{}", "cannot be read"),
        (file.read_text().replace('"schema": 1', '"schema": 7'), "of version 7"),
        (file.read_text().replace('"n": 20', '"n": 1000000000000'), "cannot be read"),
        (file.read_text().replace('"n": 20', '"n": 2.5'), "cannot be read"),
    ):
        file.write_text(text)
        with pytest.raises(PuzzlescopeError, match=told):
            _ = StudyFolder(str(tmp_path / "one")).plan


def test_puzzles_without_a_pair_have_no_rows(model: PuzzleGPT) -> None:
    pair = replace(planned(model, Asked(PARTS, limit=3, method="pair")), n=3)
    one, other, last = load_puzzles("bank", limit=3)
    alone = Puzzle.of(one.task, other.tokens)  # its answer does not follow by the rule of that task
    assert one.task != other.task
    found = Measuring(model, pair).effects(PuzzleSet("three", (one, alone, last)), 16)
    expected = Measuring(model, pair).effects(PuzzleSet("two", (one, last)), 16)
    assert found["puzzle"].to_pylist() == [16, 18] * 3
    assert found.drop(["puzzle"]).equals(expected.drop(["puzzle"]))
    assert not len(Measuring(model, pair).effects(PuzzleSet("none", (alone,)), 16))


def test_measures_that_are_not_asked_for_are_null(model: PuzzleGPT, tmp_path: Path) -> None:
    rows = whole(tmp_path, model, measures="flips,solved", limit=8).read(EFFECTS, 0)
    filled = {name for name in rows.column_names if rows[name].null_count < len(rows)}
    assert filled == {"puzzle", "component", "solved", "flip"}


def test_how_far_it_is_can_be_seen_from_outside(model: PuzzleGPT, tmp_path: Path) -> None:
    folder = StudyFolder(str(tmp_path))
    begun(folder, model, puzzles="generate:32")
    running = go_on(folder, model, LocalEngine())
    for chunk in range(3):
        next(running)
        for table in (PUZZLES, EFFECTS):
            os.utime(folder.part(table, chunk), (1000 + 2 * chunk, 1000 + 2 * chunk))
    found = status_of(folder, now=1010.0)
    assert (found.done, found.computed, found.rate, found.left, found.at_work) == (3, 24, 4.0, 2.0, True)
    assert not status_of(folder, now=2000.0).at_work and not found.complete
    assert replace(found, done=4).complete


def test_who_begins_is_at_work_before_there_is_a_part(model: PuzzleGPT, tmp_path: Path) -> None:
    """A first chunk takes minutes, in a new study and in one that is gone on with."""
    folder = StudyFolder(str(tmp_path))
    begun(folder, model, puzzles="generate:32")
    for path in tmp_path.rglob("*.*"):
        os.utime(path, (1000, 1000))
    assert not status_of(folder, now=5000.0).at_work
    keep_rate(folder, 2.0)
    os.utime(tmp_path / RATE_FILE, (5000, 5000))
    found = status_of(folder, now=5060.0)
    assert (found.done, found.rate, found.left, found.at_work) == (0, 2.0, 16.0, True)
    assert not status_of(folder, now=5000.0 + 2 * LEAST_SILENCE).at_work


def test_it_lies_under_any_url(model: PuzzleGPT) -> None:
    folder = StudyFolder("memory://studies/one")
    begun(folder, model, puzzles="generate:16")
    assert [done.chunk for done in go_on(folder, model, LocalEngine())] == [0, 1]
    assert begun(folder, model, puzzles="generate:16").n == 16 and folder.missing() == []
    assert len(list(compact(folder))) == 2 and len(folder.to_read(EFFECTS)) == 1
