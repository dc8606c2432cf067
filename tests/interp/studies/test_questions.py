"""Questions to a study: right by plain arithmetic, of whole chunks only, unable to reach anything else."""

import csv
import io
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from interp.cli import main
from interp.errors import PuzzlescopeError
from interp.puzzles import load_puzzles
from interp.studies.compacting import compact
from interp.studies.folder import SUMMARY_FILE
from interp.studies.questions import Study, summary
from interp.studies.questions.summary import BY_DECADE, LEAST, SHARES
from interp.studies.questions.tables import NORMAL
from interp.studies.schema import CLEAN, EFFECTS
from interp.studies.sql.answers import content, rows_of
from interp.studies.sql.guarded import Bounds
from tests.support.studies import COMPONENTS, N, made_up

NUMBERS = np.arange(N)
COSTS = 0.7 * (1 + NUMBERS % 5)
TASKS = np.array([puzzle.task for puzzle in load_puzzles("bank", limit=N)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("studies") / "one"
    made_up(path)
    return path


@pytest.fixture
def study(folder: Path) -> Study:
    return Study(folder)


def test_a_select_is_answered_over_all_parts(study: Study) -> None:
    found = study.sql(
        "SELECT component, avg(nats) AS nats, sum((flip < 0)::INT) AS lost FROM changes"
        " WHERE component <> $left GROUP BY component ORDER BY nats DESC",
        {"left": "L1.H1"},
    ).to_pydict()
    assert found["component"] == ["L1.attn", "L0.attn"]
    assert found["nats"] == pytest.approx([COSTS.mean(), -0.002 * COSTS.mean()])
    assert found["lost"] == [(NUMBERS % 3 != 0).sum(), 0]
    assert study.sql("SELECT puzzle FROM puzzles", rows=5).num_rows == 5


def test_effects_are_means_over_puzzles_with_their_interval(study: Study) -> None:
    found = {(row.task, row.component): row for row in study.effects()}
    assert {task for task, _ in found} == {"", *TASKS} and {part for _, part in found} == set(COMPONENTS)
    for task in ("", *dict.fromkeys(TASKS)):
        own = COSTS[(task == TASKS) | (not task)]
        row = found[task, "L1.attn"]
        error = own.std(ddof=1) / np.sqrt(len(own))
        assert row.change.n == len(own) and row.change.mean == pytest.approx(own.mean())
        assert row.change.high - row.change.mean == pytest.approx(NORMAL * error, rel=1e-4, abs=1e-7)
        assert row.median == pytest.approx(np.median(own), rel=0.06)
        assert (row.low, row.high) == pytest.approx(tuple(np.quantile(own, [0.1, 0.9])), rel=0.06)
    answers = {(row.task, row.component): row for row in study.effects("answers")}
    assert answers["", "L1.attn"].change.mean == pytest.approx((NUMBERS % 3 != 0).mean())
    assert (answers["", "L0.attn"].lost, answers["", "L0.attn"].won) == (0, (NUMBERS % 3 == 0).sum())
    assert study.effects("wrong")[1].change.mean == pytest.approx(7 * (NUMBERS % 3 != 0).mean())


@pytest.mark.parametrize("n", [1, 2, 7, 32, 1000])
def test_quantiles_from_bins_are_those_of_numpy(n: int) -> None:
    """Where half of the puzzles lie far below the others, too: then the median is between the two."""
    rng = np.random.default_rng(n)
    effects = np.sort(rng.choice([-1, 1, 1], n) * 10 ** rng.uniform(-5, 1, n))
    effects[n // 2 :] = np.abs(effects[n // 2 :]) + 2
    numbers = np.sign(effects) * (1 + np.floor(BY_DECADE * np.log10(np.abs(effects) / LEAST)))
    bins, counts = np.unique(numbers.astype(np.int64), return_counts=True)
    mixed = rng.permutation(len(bins))
    found = summary.quantiles(bins[mixed], counts[mixed], SHARES)
    low, high = (np.quantile(effects, SHARES, method=way) for way in ("lower", "higher"))
    most = 0.06 * np.maximum(np.abs(low), np.abs(high))
    assert np.all(np.abs(found - np.quantile(effects, SHARES)) <= most)


def test_a_distribution_counts_every_puzzle_where_its_effect_lies(study: Study) -> None:
    for component, costs in (("L1.attn", COSTS), ("L0.attn", -0.002 * COSTS), ("L1.H1", 0 * COSTS)):
        found = study.distribution(component)
        assert sum(found.counts) == N and list(found.starts) == sorted(found.starts)
        inside = [
            ((costs >= low) & (costs <= high)).sum()
            for low, high in zip(found.starts, found.ends, strict=True)
        ]
        assert found.counts == tuple(inside)
    some = study.distribution("L0.attn")
    assert all(end <= 0 for end in some.ends)
    assert sum(study.distribution("L1.attn", TASKS[0]).counts) == (TASKS[0] == TASKS).sum()


def test_puzzles_that_flip(study: Study) -> None:
    found = study.flips("L1.attn")
    bank = load_puzzles("bank", limit=N)
    expected = [number for number in range(N) if number % 3]
    assert [flip.number for flip in found] == expected and all(flip.lost for flip in found)
    assert [flip.puzzle for flip in found] == [bank[number] for number in expected]
    assert [flip.change for flip in found] == pytest.approx(COSTS[expected])
    assert [flip.number for flip in study.flips("L1.attn", limit=3)] == expected[:3]
    own = study.flips("L0.attn", task=TASKS[0])
    assert own and all(flip.puzzle.task == TASKS[0] and not flip.lost for flip in own)


def test_two_studies_are_paired_by_the_puzzles_ids(study: Study, tmp_path: Path) -> None:
    made_up(tmp_path / "other", shift=0.25, model="other", first=10)
    whole = study.compared(Study(tmp_path / "other"), "L1.attn")[0]
    both = np.arange(10, N)
    gained = 0.95 * (1 + (both - 10) % 5) - COSTS[both]
    assert whole.task == "" and whole.difference.n == len(both)
    assert whole.difference.mean == pytest.approx(gained.mean())
    assert whole.difference.high - whole.difference.mean == pytest.approx(
        NORMAL * gained.std(ddof=1) / np.sqrt(len(both)), rel=1e-4, abs=1e-7
    )
    assert study.compared(study)[0].difference.mean == 0 and study.compared(study, "L0.attn", "wrong")
    made_up(tmp_path / "apart", first=N)
    with pytest.raises(PuzzlescopeError, match="have no puzzle in common"):
        study.compared(Study(tmp_path / "apart"))


def test_only_whole_chunks_count_and_new_ones_are_added(folder: Path, tmp_path: Path, monkeypatch) -> None:
    made_up(tmp_path, chunks=1)
    shutil.copy(folder / "puzzles" / "000001.parquet", tmp_path / "puzzles")
    half = Study(tmp_path)
    assert half.sql("SELECT count(*) AS n FROM puzzles").to_pydict() == {"n": [16]}
    assert half.effects()[0].change.n == 16
    summed = []
    original = summary.Summary.of.__func__
    monkeypatch.setattr(
        summary.Summary,
        "of",
        classmethod(lambda cls, chunks, *rest: summed.append(set(chunks)) or original(cls, chunks, *rest)),
    )
    shutil.copy(folder / EFFECTS / "000001.parquet", tmp_path / EFFECTS)
    again = Study(tmp_path)
    assert again.fill() == 1 and summed == [{1}], "what was summed before is kept beside the parts"
    assert [row.change.n for row in again.effects()[:3]] == [32] * 3
    assert list(compact(half.folder, group=2)), "and are the same when they were merged"
    assert half.fill() == 1 and [row.change.n for row in half.effects()[:3]] == [32] * 3
    (tmp_path / SUMMARY_FILE).write_bytes(b"damaged")
    assert [(row.change.n, row.lost) for row in Study(tmp_path).effects()] == [
        (row.change.n, row.lost) for row in again.effects()
    ]
    assert Study(tmp_path).fill(0.0) == 1


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("SELECT * FROM read_text('/etc/passwd')", "file system operations are disabled"),
        ("SELECT * FROM '/etc/passwd'", "does not exist"),
        ("SELECT * FROM read_csv('http://localhost:9/x')", "file system operations are disabled"),
        ("SELECT * FROM glob('/*')", "file system operations are disabled"),
        ("SELECT getenv('HOME')", "does not exist"),
        ("COPY effects TO '/tmp/effects.csv'", "Only one SELECT"),
        ("SELECT 1; DROP VIEW effects", "Only one SELECT"),
        ("ATTACH '/tmp/some.db'", "Only one SELECT"),
        ("INSTALL httpfs", "Only one SELECT"),
        ("SET threads = 1", "Only one SELECT"),
        ("", "Only one SELECT"),
        ("SELECT * FROM query('COPY (SELECT 1) TO ''/tmp/x''')", "Expected a single SELECT"),
        ("SELECT * FROM COMPONENTS", r"does not exist\. The tables are puzzles, effects, changes\.$"),
        ("SELECT compnent FROM effects", r"not found in FROM clause\. Candidate bindings: \"component\""),
        ("SELEC 1", "syntax error"),
        ("SELECT ?", "parameter"),
        ("SELECT 1; SELECT 2; -- two", "Only one SELECT"),
        ("FROM duckdb_extensions()", "file system operations are disabled"),
        ("SELECT" + " " * 30_000 + "1", "at most 20,000 letters"),
    ],
)
def test_sql_reaches_nothing_else(question: str, why: str, study: Study) -> None:
    with pytest.raises(PuzzlescopeError, match=why) as refused:
        study.sql(question)
    told = str(refused.value)
    assert "\n" not in told and told.endswith(".") and str(Path.home()) not in told


def test_a_part_cannot_be_written(study: Study, folder: Path) -> None:
    part = folder / EFFECTS / "000000.parquet"
    before = part.read_bytes()
    with pytest.raises(PuzzlescopeError, match="Only one SELECT"):
        study.sql(f"COPY (SELECT 1 AS puzzle) TO '{part}'")
    assert part.read_bytes() == before


def test_where_a_part_lies_is_not_told(tmp_path: Path) -> None:
    made_up(tmp_path, chunks=1)
    part = next((tmp_path / EFFECTS).iterdir())
    part.write_bytes(part.read_bytes()[:-100])
    with pytest.raises(PuzzlescopeError, match=f"could not be read: .*{EFFECTS}/") as refused:
        Study(tmp_path).sql("SELECT 1 FROM effects")
    assert str(tmp_path) not in str(refused.value)


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("SELECT length(repeat('x', 3000000000)) FROM puzzles", "more than the 64 MiB"),
        ("SELECT levenshtein(repeat('x', 200000), repeat('y', 200000))", r"given up after 0\.5 s"),
        ("SELECT repeat('x', 3000000) FROM puzzles", "larger than the 1 MiB"),
        ("SELECT compnent FROM effects", 'Candidate bindings: "component"'),
    ],
)
def test_a_process_of_its_own_holds_what_one_call_of_a_function_does_not_heed(
    question: str, why: str, study: Study
) -> None:
    bounds = Bounds(seconds=0.5 if "given up" in why else 60.0, memory=64, threads=1, size=1, apart=True)
    began = time.monotonic()
    with pytest.raises(PuzzlescopeError, match=why):
        study.sql(question, bounds=bounds)
    assert time.monotonic() - began < 60


def test_apart_the_answer_is_the_same(study: Study) -> None:
    question = "SELECT component, avg(nats) AS nats, count(*) AS n FROM changes WHERE puzzle < ? GROUP BY ALL"
    here = study.sql(f"{question} ORDER BY component", [5])
    there = study.sql(f"{question} ORDER BY component", [5], rows=1000, bounds=Bounds(apart=True))
    assert here.num_rows > 1 and there.equals(here)


ODD = [
    ("TIMESTAMP 'infinity'", "infinity"),
    ("DATE '20000-01-01'", "20000-01-01"),
    ("[DATE '20000-01-01']", "[20000-01-01]"),
    ("INTERVAL 3 DAY", "3 days"),
    ("340282366920938463463374607431768211455::UHUGEINT", "340282366920938463463374607431768211455"),
    ("'101'::BIT", "101"),
    ("TIMETZ '10:00:00+01'", "10:00:00+01"),
    ("union_value(n := 1)", "1"),
    ("'\\xAA'::BLOB", "aa"),
    ("1.5::DECIMAL(30, 3)", 1.5),
    ("'a'::ENUM('a')", "a"),
    ("[NULL, 1]", "[NULL, 1]"),
]


def test_whatever_a_value_is_it_can_be_shown_and_saved(study: Study) -> None:
    found = study.sql("SELECT " + ", ".join(f"{value} AS a" for value, _ in ODD) + "; -- all called a")
    (row,) = rows_of(found)
    assert list(row.values()) == [told for _, told in ODD] and list(row)[:2] == ["a", "a_1"]
    (read,) = csv.DictReader(io.StringIO(content(found, ".csv").decode()))
    assert list(read.values()) == [str(told) for _, told in ODD]
    stored = parquet.read_table(io.BytesIO(content(found, ".parquet")))
    assert stored["a_3"].to_pylist() == ["3 days"] and str(stored.schema.field("a_1").type) == "date32[day]"
    assert study.sql("SELECT 1 AS b; -- and no more", rows=5).to_pydict() == {"b": [1]}


def test_an_answer_has_its_bounds(study: Study) -> None:
    endless = "SELECT sum(a.range * b.range) FROM range(10000000) AS a, range(10000000) AS b"
    with pytest.raises(PuzzlescopeError, match=r"given up after 0\.3 s"):
        study.sql(endless, bounds=Bounds(seconds=0.3))
    with pytest.raises(PuzzlescopeError, match="more than the 64 MiB"):
        study.sql("SELECT list(range) FROM range(50000000)", bounds=Bounds(memory=64))


def test_what_cannot_be_asked(study: Study, tmp_path: Path) -> None:
    with pytest.raises(PuzzlescopeError, match=r"no component 'L9\.attn'"):
        study.flips("L9.attn")
    with pytest.raises(PuzzlescopeError, match="There is no study"):
        Study(tmp_path / "nowhere").sql("SELECT 1")
    made_up(tmp_path / "begun", chunks=0)
    with pytest.raises(PuzzlescopeError, match="is computed yet"):
        Study(tmp_path / "begun").effects()


def test_a_study_that_lies_elsewhere_is_copied_once(folder: Path, tmp_path: Path) -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.put(str(folder), "/elsewhere", recursive=True)
    far = Study("memory://elsewhere", tmp_path)
    assert far.sql(f"SELECT count(*) AS n FROM effects WHERE component = '{CLEAN}'").to_pydict() == {"n": [N]}
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    assert [row.lost for row in far.effects()] == [row.lost for row in Study(folder).effects()]
    assert kept == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")} and len(kept) == 6


def test_study_sql(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    question = "SELECT component, sum(solved::INT) AS solved FROM effects GROUP BY 1 ORDER BY 2 DESC, 1"
    assert main(["study-sql", str(folder), question]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["component  solved", "L0.attn        40"]
    for ending in ("csv", "parquet", "json"):
        assert main(["study-sql", str(folder), question, "--out", str(tmp_path / f"found.{ending}")]) == 0
    assert (tmp_path / "found.csv").read_text().splitlines()[1] == '"L0.attn",40'
    assert main(["study-sql", str(folder), question, "--out", str(tmp_path / "found.txt")]) == 2
    assert main(["study-sql", str(folder), "DROP VIEW effects"]) == 2
    assert "Only one SELECT" in capsys.readouterr().err
