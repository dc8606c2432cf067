"""The bounds of memory: what is said, what a container leaves, what becomes of it, and that caches keep to
it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.server.crowd.limits import LEAST_MEMORY
from interp.analyses.attention import AttentionOf
from interp.analyses.prediction import PredictionOf
from interp.backend import Backend
from interp.backend import backend as module
from interp.backend.memory import (
    BASE,
    LEAST,
    MB,
    WORKING,
    Bounds,
    Watchman,
    bounds,
    container_limit,
    give_back,
    resident,
)
from interp.errors import PuzzlescopeError
from interp.sizes import UNITS, bytes_in_words, parse_bytes
from tests.support.models import saved_model


@given(
    st.integers(0, 10**9),
    st.sampled_from(sorted(UNITS)),
    st.sampled_from(["", "b", "iB"]),
    st.sampled_from(["", " "]),
)
def test_a_size_is_read_back(n: int, unit: str, ending: str, space: str) -> None:
    for written in (unit, unit.upper()):
        assert parse_bytes(f" {n}{space}{written}{ending} ") == n * UNITS[unit]


@given(st.floats(0, 1e6).map(lambda x: round(x, 3)), st.sampled_from("kmgt"))
def test_parts_of_a_unit(n: float, unit: str) -> None:
    assert parse_bytes(f"{n:.3f}{unit}") == int(float(f"{n:.3f}") * UNITS[unit])


@given(st.text(max_size=30))
def test_any_text_is_a_size_or_a_sentence(text: str) -> None:
    try:
        assert parse_bytes(text) >= 0
    except PuzzlescopeError as error:
        assert "Expected a size such as 2G" in str(error)


@pytest.mark.parametrize(
    "text", ["", "G", "-1G", "1e9", "2 G B", "2GG", "1.2.3G", "nan", "inf", "٢G", "1_000", "9" * 400]
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(PuzzlescopeError, match="Expected a size"):
        parse_bytes(text)


@given(st.integers(LEAST, 2**45))
def test_what_may_be_kept_fits_in_what_is_said(process: int) -> None:
    found = Bounds.within(process)
    assert found.results + found.runs + found.models + BASE + WORKING <= process
    assert min(found.results, found.runs) >= 39 * MB and found.models >= 19 * MB, "room for the smallest use"
    assert found.process == process


def test_too_little_is_refused_in_a_sentence() -> None:
    with pytest.raises(
        PuzzlescopeError, match=r"PUZZLESCOPE_MEMORY is 500 MB, and at least 1000 MB are needed"
    ):
        bounds(500 * MB)
    assert LEAST == LEAST_MEMORY, "the settings refuse it at the start"


def test_without_a_word_the_container_says_it() -> None:
    assert bounds(0, lambda: 0) == Bounds()
    assert bounds(0, lambda: 4096 * MB) == Bounds.within(int(4096 * MB * 0.8))
    assert bounds(2048 * MB, lambda: 4096 * MB) == Bounds.within(2048 * MB)
    small = bounds(0, lambda: 600 * MB)
    assert small.process == 480 * MB and small.results + small.runs < 100 * MB, "it is tried"


@pytest.mark.parametrize(
    ("says", "limit"), [("max\n", 0), ("2147483648\n", 2**31), (f"{2**63 - 4096}\n", 0), ("?", 0)]
)
def test_the_limit_of_a_container(tmp_path: Path, says: str, limit: int) -> None:
    missing, file = tmp_path / "none", tmp_path / "memory.max"
    file.write_text(says)
    assert container_limit((missing, file)) == limit
    assert container_limit((missing,)) == 0


def test_words() -> None:
    assert [bytes_in_words(n * MB) for n in (0, 1, 1000, 20 * 1024)] == ["0 MB", "1 MB", "1000 MB", "20 GB"]


def test_the_watchman_looks_now_and_then() -> None:
    now, takes, looks = 0.0, 100, 0

    def measure() -> int:
        nonlocal looks
        looks += 1
        return takes

    watchman = Watchman(100, measure, lambda: now)
    assert watchman.tight() and not watchman.tight() and looks == 1
    now, takes = 5.0, 50
    assert not watchman.tight() and looks == 2
    assert not Watchman(0, measure).tight() and looks == 2


def test_free_memory_is_returned_now_and_then() -> None:
    seconds = iter((0.0, 1.0, 19.0, 20.0, 21.0, 39.9, 40.5))
    watchman = Watchman(0, clock=seconds.__next__)
    assert [watchman.due() for _ in range(6)] == [False, False, True, False, False, True]


def test_this_process_takes_something() -> None:
    give_back()
    assert 20 * MB < resident() < 2**40


def test_caches_are_emptied_when_the_process_takes_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Least recently used first, and what is asked for next is answered as ever."""
    name, takes = saved_model(tmp_path), 10
    backend = Backend(Bounds(process=1000))
    backend._watchman = Watchman(1000, lambda: takes, iter(range(1000)).__next__)
    given_back: list[bool] = []
    monkeypatch.setattr(module, "give_back", lambda: given_back.append(True))
    puzzle, other = backend.bank()[0], backend.bank()[1]
    asked = [AttentionOf(puzzle, layer=layer) for layer in (0, 1, 2)]
    first, *_ = (backend.ask(name, one) for one in asked)
    before = backend.status()
    assert not given_back and before.results.evictions == 0
    takes = 2000
    last = backend.ask(name, PredictionOf(other))
    after = backend.status()
    assert given_back == [True] and after.results.evictions >= 1 and after.runs.evictions >= 1
    assert after.results.nbytes < before.results.nbytes and after.memory_most == 1000 and after.memory > MB
    assert backend.ask(name, PredictionOf(other)) is last, "the newest is still there"
    takes = 10
    again = backend.ask(name, asked[0])
    assert again is not first and (again.pattern == first.pattern).all()


def test_models_keep_to_their_bound(tmp_path: Path) -> None:
    small = [saved_model(tmp_path / str(seed), seed) for seed in range(3)]
    size = module.weight_bytes(Backend().model(small[0]))
    backend = Backend(Bounds(models=2 * size))
    for name in (*small, small[2]):
        backend.model(name)
    assert list(backend.status().models) == small[1:]
    with pytest.raises(PuzzlescopeError, match="more by PUZZLESCOPE_MEMORY"):
        Backend(Bounds(models=size - 1)).model(small[0])
