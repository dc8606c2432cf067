"""Results that outlive the process: exact, or not at all."""

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interp.ablation import MEAN, METHODS, Component, ReferenceMeans, parse_ablation
from interp.analyses.ablation_sweep import Sweep, SweepState
from interp.analyses.activation_patching import Patching
from interp.analyses.composition import CompositionScores
from interp.analyses.failures import Failure
from interp.analyses.head_roles import HeadRoles
from interp.analyses.head_roles.roles import Roles
from interp.analyses.head_study import HeadStudyOf
from interp.analyses.path_ablation import PathAblation
from interp.analyses.prediction import PredictionOf
from interp.analyses.question import Question
from interp.analyses.synergy import Synergy
from interp.backend import Backend, codec, store
from interp.backend.codec import UnstorableError, decode, encode, spelled
from interp.backend.store import NOWHERE, Store, store_in
from interp.circuits.finder import Target
from interp.circuits.graph import Edge
from interp.circuits.questions import CertificateOf, CircuitOf, EdgeEffects
from interp.circuits.questions.sample import Pairs
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle, load_puzzles
from interp.tokens import Structure
from interp.why.interventions.questions import OneSide, PointerShift
from interp.why.questions import ReasonOf, SplitOf
from interp.why.readers import EdgesFrom

SECONDS = 60.0
BANK = load_puzzles("bank")
PUZZLES: tuple[Puzzle, ...] = BANK.puzzles[:2]
TOLD_APART = Pairs("rule", puzzle=BANK.find("cffa39f1fc"))
"""The small model tells the two ends of this pair apart."""


def questions(model: PuzzleGPT) -> list[Question[Any]]:
    """One for each class of result that is kept."""
    part = parse_ablation("L0.attn", model.cfg).terms[0].component
    off = parse_ablation("L1.mlp", model.cfg)
    own = EdgeEffects(TOLD_APART, "eap")
    return [
        Sweep(PUZZLES, (part,), off),
        PathAblation(PUZZLES, part),
        Synergy(PUZZLES, (part, *off.components)),
        Patching(PUZZLES[0], next(one for one in BANK[1:] if one.structure == PUZZLES[0].structure)),
        Failure(PUZZLES[0], tries=8),
        HeadStudyOf(PUZZLES, off),
        HeadRoles(PUZZLES),
        CompositionScores(),
        own,
        CircuitOf(own, Target("size", 20)),
        CertificateOf(own, (Edge("embed", "L1.mlp"), Edge("L1.mlp", "logits")), TOLD_APART),
        PointerShift(PUZZLES[:1], Component(1, "head", 0), 100),
        OneSide(PUZZLES[:1], Component(1, "head", 0), 100),
        SplitOf(PUZZLES[:1], Component(1, "head", 0), 100),
        ReasonOf(PUZZLES[:1], Component(1, "head", 0), 100),
        EdgesFrom(TOLD_APART, part),
    ]


@pytest.fixture(scope="module")
def results(model_folder: str) -> dict[Question[Any], Any]:
    backend = Backend()
    return {asked: backend.ask(model_folder, asked) for asked in questions(backend.model(model_folder))}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal to the last bit, arrays and tensors within them too."""
    if type(left) is not type(right):
        return False
    if isinstance(left, torch.Tensor):
        return same(left.numpy(), right.numpy())
    if isinstance(left, np.ndarray):
        equal = left.dtype == right.dtype and left.shape == right.shape
        return equal and left.tobytes() == right.tobytes()
    if isinstance(left, float):
        return left.hex() == right.hex()
    if isinstance(left, tuple | list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return list(left) == list(right) and all(map(same, left.values(), right.values()))
    if is_dataclass(left):
        return all(same(getattr(left, one.name), getattr(right, one.name)) for one in fields(left))
    if type(left).__module__.startswith("interp."):
        return same(vars(left), vars(right))
    return bool(left == right)


def wait(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def files(folder: Path) -> list[Path]:
    return sorted((folder / "results").glob("*"))


# ---- as bytes and back -------------------------------------------------------------------------------------


def test_every_kind_of_result_comes_back_to_the_last_bit(
    results: dict[Question[Any], Any], model: PuzzleGPT, means: ReferenceMeans
) -> None:
    kept = ReferenceMeans(means.checkpoint_id, means.of, means.patterns)  # the rest takes no time to make
    found = [*results.values(), kept]
    assert {type(one) for one in found} == set(codec.STORED)
    for result in found:
        back, about = decode(encode(result, "this\nand that"))
        assert about == "this\nand that" and same(result, back), type(result)
        if isinstance(result, SweepState | Roles):
            assert result.summary() == back.summary()


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(
            st.integers() | st.tuples(st.integers(), st.text(st.characters(codec="utf-8"))), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(plain)
def test_plain_values_come_back(value: Any) -> None:
    assert same(value, decode(encode(value, ""))[0])


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3)])
def test_arrays_come_back(dtype: Any, shape: tuple[int, ...]) -> None:
    whole = np.random.default_rng(0).integers(0, 2, (*shape, 2)).astype(dtype)
    for array in (whole[..., 0], np.asfortranarray(whole)):
        assert same(array, decode(encode(array, ""))[0])
    assert same(torch.from_numpy(whole), decode(encode(torch.from_numpy(whole), ""))[0])


@pytest.mark.parametrize(
    "value", [object(), {1}, b"x", np.array(["x"]), np.float32(1), Path("x"), load_puzzles]
)
def test_another_kind_is_not_kept(value: Any) -> None:
    with pytest.raises(UnstorableError):
        encode(value, "")


@pytest.mark.parametrize(
    "told",
    [
        '{"class": "Path", "is": {}}',
        '{"class": "PuzzleGPT", "is": {}}',
        '{"class": "SweepState", "is": {"__class__": 1}}',
        '{"class": "SweepState", "is": {"a b": 1}}',
        '{"class": "Structure", "is": {}}',
        '{"class": "Structure", "is": {"order": [1], "more": 2}}',
        '{"array": "7"}',
        '{"eval": "1"}',
        "{}",
        '{"tuple": 3}',
        '{"float": "x"}',
        '{"mapping": [[{"list": []}, 1]]}',
        "[1]",
        "1.5",
        "x",
        "[" * 5000,
    ],
)
def test_nothing_else_can_be_made_of_a_file(told: str) -> None:
    from safetensors.numpy import save

    with pytest.raises(UnstorableError):
        decode(save({}, {"about": "", "value": told}))


def test_questions_that_differ_have_different_texts(model: PuzzleGPT) -> None:
    asked = [*questions(model), *(PredictionOf(one) for one in PUZZLES)]
    asked += [
        Sweep(PUZZLES, (), method=MEAN),
        Sweep(PUZZLES),
        Sweep(PUZZLES, scope="answer"),
        HeadStudyOf(PUZZLES),
    ]
    assert len({spelled(one) for one in asked}) == len(asked)
    assert spelled(("means", Structure((0, 1, 2, 3)))) != spelled(("means", Structure((1, 0, 2, 3))))
    assert {one.__name__ for one in METHODS} <= set(codec.CLASSES)


# ---- in a folder -------------------------------------------------------------------------------------------


def kept(folder: Path, results: dict[Question[Any], Any]) -> Store:
    one = Store(folder)
    for asked, result in results.items():
        one.keep("a model", asked, result)
    one.close(SECONDS)
    return one


def test_another_process_finds_them_and_another_model_does_not(
    folder: Path, results: dict[Question[Any], Any]
) -> None:
    kept(folder, results)
    again = Store(folder)
    for asked, result in results.items():
        assert same(again.find("a model", asked), result)
        assert again.find("another model", asked) is None
    assert again.find("a model", Sweep(BANK.puzzles[5:6])) is None


def test_another_version_does_not_find_them(
    folder: Path, results: dict[Question[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(folder, results)
    monkeypatch.setattr(store, "code_id", lambda: "of tomorrow")
    assert all(Store(folder).find("a model", asked) is None for asked in results)


@pytest.fixture(scope="module")
def one_file(tmp_path_factory: pytest.TempPathFactory, results: dict[Question[Any], Any]) -> Any:
    folder = tmp_path_factory.mktemp("data")
    asked, result = next((asked, one) for asked, one in results.items() if isinstance(asked, Sweep))
    keeper = kept(folder, {asked: result})
    (path,) = files(folder)
    return keeper, asked, result, path, path.read_bytes()


@settings(max_examples=150)
@given(st.data())
def test_damage_is_never_an_error_and_never_another_value(one_file: Any, data: st.DataObject) -> None:
    keeper, asked, result, path, whole = one_file
    where = data.draw(st.integers(0, len(whole) - 1))
    kind = data.draw(st.sampled_from(["cut", "flip", "more", "zeros"]))
    damaged = bytearray(whole)
    if kind == "cut":
        del damaged[where:]
    elif kind == "flip":
        damaged[where] ^= 1 << data.draw(st.integers(0, 7))
    elif kind == "more":
        damaged += b"\0" * (1 + where % 100)
    else:
        damaged[where : where + 64] = bytes(len(damaged[where : where + 64]))
    path.write_bytes(damaged)
    found = keeper.find("a model", asked)
    if bytes(damaged) == whole:
        assert same(found, result)
    else:
        assert found is None and not path.exists()


def test_a_foreign_file_is_not_taken_for_a_result(
    folder: Path, results: dict[Question[Any], Any], caplog: pytest.LogCaptureFixture
) -> None:
    """A whole file under the name of another question, as a stranger might lay it there."""
    keeper = kept(folder, results)
    first, second, *_ = results
    paths = [keeper._path(store._about("a model", asked)) for asked in (first, second)]
    shutil.copy(*paths)
    assert keeper.find("a model", second) is None and not paths[1].exists()
    assert "it is the result of something else" in caplog.text
    assert same(keeper.find("a model", first), results[first])


def test_what_was_not_asked_for_longest_goes_first(folder: Path, results: dict[Question[Any], Any]) -> None:
    asked, result = next((asked, one) for asked, one in results.items() if isinstance(asked, Sweep))
    size = len(encode(result, "")) + 1000
    keeper = Store(folder, most=5 * size)
    for number in range(4):
        keeper.keep(f"model {number}", asked, result)
    keeper.close(SECONDS)
    for number, path in enumerate(
        keeper._path(store._about(f"model {number}", asked)) for number in range(4)
    ):
        os.utime(path, (number, number))
    assert keeper.find("model 0", asked) is not None  # it is in use
    for number in range(4, 7):
        keeper.keep(f"model {number}", asked, result)
    keeper.close(SECONDS)
    assert keeper.nbytes <= 5 * size
    assert keeper.find("model 0", asked) is not None and keeper.find("model 6", asked) is not None
    assert keeper.find("model 1", asked) is None


def test_a_full_disk_is_told_once_and_leaves_nothing_behind(
    folder: Path,
    results: dict[Question[Any], Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.os, "fsync", full)
    kept(folder, results)
    assert files(folder) == []
    assert [record.getMessage() for record in caplog.records] == [
        f"Results cannot be written in {folder / 'results'}: No space left on device. All goes on without."
    ]


@pytest.mark.parametrize("place", ["/proc/nowhere", "/dev/null/data"])
def test_a_folder_that_cannot_be_is_told_and_passed_over(
    place: str, results: dict[Question[Any], Any], caplog: pytest.LogCaptureFixture
) -> None:
    keeper = kept(Path(place), results)
    assert all(keeper.find("a model", asked) is None for asked in results)
    assert 1 <= len(caplog.records) <= 3, "each kind of fault is told once"


def test_what_a_dead_process_left_half_written_is_taken_away(folder: Path) -> None:
    old, new = folder / "results" / "a.1-1.partial", folder / "results" / "b.2-2.partial"
    old.parent.mkdir(parents=True)
    for path in (old, new):
        path.touch()
    os.utime(old, (1, 1))
    Store(folder)
    assert not old.exists() and new.exists(), "the other one may be under way"


def test_what_is_quick_or_rough_is_not_kept(folder: Path, model_folder: str) -> None:
    backend = Backend(store=Store(folder))
    backend.ask(model_folder, PredictionOf(PUZZLES[0]))
    backend.ask(model_folder, Sweep(PUZZLES[:1], (), scope="stretch"))
    backend.close()
    assert files(folder) == []


def test_a_restarted_backend_computes_nothing_anew(folder: Path, model_folder: str) -> None:
    def ask() -> tuple[Any, dict[str, int]]:
        backend = Backend(store=Store(folder))
        sweep = Sweep(PUZZLES[:1], (), parse_ablation("L0.mlp:mean", backend.model(model_folder).cfg), MEAN)
        found = backend.ask(model_folder, sweep)
        steps = backend.status().computed
        backend.close()
        return found, steps

    before, _ = ask()
    wait(lambda: len(files(folder)) == 2)  # the means of the bank, and the sweep
    began = [path.stat().st_mtime_ns for path in files(folder)]
    after, _ = ask()
    assert same(before, after)
    for path in files(folder):
        path.write_bytes(path.read_bytes()[:-1])
    anew, _ = ask()
    assert same(before, anew), "damaged files are computed anew"
    assert len(began) == 2


def test_writers_of_several_processes_do_not_harm_each_other(
    folder: Path, results: dict[Question[Any], Any]
) -> None:
    threads = [threading.Thread(target=kept, args=(folder, results)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    again = Store(folder)
    assert all(same(again.find("a model", asked), result) for asked, result in results.items())
    assert not [path for path in files(folder) if path.suffix == ".partial"]


def test_without_a_folder_nothing_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert store_in("") is NOWHERE and store_in("").find("a model", "anything") is None
    assert caplog.records == []
