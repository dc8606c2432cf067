"""What happens to a folder of collections: killed processes, two that write at once, full, read-only and
damaged disks. One sentence, and nothing that was kept is lost."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from interp.puzzles.collections import Collections, database
from interp.puzzles.kept import Kept
from interp.tokens import STRUCTURES
from tests.support.places import ROOT
from tests.support.puzzles import random_puzzle, refused, some

WRITER = """
import sys
from pathlib import Path
from interp.puzzles.collections import Collections
from interp.puzzles.kept import Kept
from interp.tokens import STRUCTURES
from tests.support.puzzles import random_puzzle
mine, first, last = Collections(Path(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
for k in range(first, last):
    mine.add("a", [Kept(random_puzzle("frame", STRUCTURES[0], k), f"number {k}")])
    print(k, flush=True)
"""


@pytest.fixture
def mine(tmp_path: Path) -> Collections:
    made = Collections(tmp_path)
    made.create("a")
    made.add("a", [Kept(some()[0], "the first")])
    return made


def writer(mine: Collections, first: int, last: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(mine.folder), str(first), str(last)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def begin(process: subprocess.Popen[str]) -> None:
    assert process.stdin and process.stdout and process.stdout.readline() == "ready\n"
    process.stdin.write("\n")
    process.stdin.flush()


def test_two_processes_and_one_that_is_killed(mine: Collections) -> None:
    """Two write at once, and each puzzle of both is there. A third is killed at its work: all that it said it
    had kept is there, whole, and others write on."""
    both = [writer(mine, 0, 40), writer(mine, 100, 140)]
    killed = writer(mine, 1000, 100_000)
    for process in both:
        begin(process)
    said = [process.communicate(timeout=120)[0].split() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert said == [[str(k) for k in range(40)], [str(k) for k in range(100, 140)]]
    assert mine.find("a").puzzles == 81
    begin(killed)
    assert killed.stdout
    confirmed = [int(killed.stdout.readline()) for _ in range(5)]
    os.kill(killed.pid, signal.SIGKILL)
    confirmed += [int(line) for line in killed.communicate()[0].split()]
    found = mine.contents("a")
    assert not found.damaged
    names = {one.name for one in found.kept}
    assert {f"number {k}" for k in confirmed} <= names
    assert len(names) - 81 <= len(confirmed) + 1, "the one at which it was killed, or not"
    assert mine.add("a", [Kept(some()[1])]) == 1
    with sqlite3.connect(mine.path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_threads_that_begin_together(tmp_path: Path) -> None:
    """Several make the file at the same moment, as visitors of a server that has just been started."""
    mine, failed = Collections(tmp_path / "new"), []
    barrier = threading.Barrier(6)

    def work(number: int) -> None:
        barrier.wait()
        try:
            mine.create(f"by {number}")
            mine.add(f"by {number}", [Kept(some()[number])])
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == [] and [one.puzzles for one in mine.all()] == [1] * 6


def test_somebody_else_writes_for_too_long(mine: Collections, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    other = sqlite3.connect(mine.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    refused(lambda: mine.create("b"), "Another program has been writing", "0.1 seconds")
    assert [one.name for one in mine.all()] == ["a"], "reading waits for nobody"
    other.execute("ROLLBACK")
    other.close()
    mine.create("b")


def test_a_file_that_may_not_grow(mine: Collections, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LARGEST", 1 << 16)
    many = [Kept(random_puzzle("frame", STRUCTURES[0], k)) for k in range(300)]
    refused(lambda: mine.add("a", many), "the most they may have", "what was kept before is unchanged")
    assert mine.find("a").puzzles == 1 and mine.contents("a").kept[0].puzzle == some()[0]
    monkeypatch.undo()
    assert mine.add("a", many) == 300


def test_a_disk_that_takes_no_more(mine: Collections) -> None:
    """The operating system refuses to let any file grow."""
    many = [Kept(random_puzzle("frame", STRUCTURES[0], k)) for k in range(300)]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, hard))
    try:
        refused(lambda: mine.add("a", many), "cannot be written", "what was kept before is unchanged")
        assert mine.find("a").puzzles == 1
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        assert mine.contents("a").kept[0].puzzle == some()[0], "to read takes no room"
        refused(lambda: mine.create("b"), "cannot be written")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert mine.add("a", many) == 300


def test_a_full_disk_is_called_so(mine: Collections, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite says the same of a full disk and of a file at its bound: which it is, the disk's room tells."""
    monkeypatch.setattr(database, "LARGEST", 1 << 16)
    usage = shutil.disk_usage(mine.folder)
    monkeypatch.setattr(database.shutil, "disk_usage", lambda _: usage._replace(free=0))
    many = [Kept(random_puzzle("frame", STRUCTURES[0], k)) for k in range(300)]
    refused(lambda: mine.add("a", many), "The disk of", "is full", "make room")


@pytest.fixture
def anybody() -> Iterator[Path]:
    """A folder that everybody may enter, and rights that are not root's, whom nothing is closed to."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o700)
        shutil.rmtree(folder)


def test_a_read_only_folder(anybody: Path) -> None:
    """What is there can be used, and nothing more."""
    folder = anybody / "data"
    mine = Collections(folder)
    mine.create("a")
    mine.add("a", [Kept(some()[0])])
    mine.path.chmod(0o400)
    folder.chmod(0o500)
    assert mine.contents("a").kept[0].puzzle == some()[0]
    refused(lambda: mine.create("b"), "read-only or closed to this user")
    folder.chmod(0o000)
    refused(lambda: mine.contents("a"), "cannot be read", "Permission denied")
    refused(lambda: Collections(folder / "inner").create("b"), "cannot be written", "Permission denied")
    folder.chmod(0o700)
    mine.path.chmod(0o600)
    assert mine.create("b").puzzles == 0 and mine.find("a").puzzles == 1


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    refused(lambda: Collections(tmp_path / "x").create("a"), "cannot be written", "PUZZLESCOPE_DATA")
    refused(lambda: Collections(tmp_path / "x" / "y").create("a"), "cannot be written")


@pytest.mark.parametrize("damage", ["text", "cut", "zeros in its midst"])
def test_a_damaged_file_is_left_as_it_is(mine: Collections, damage: str) -> None:
    mine.add("a", [Kept(random_puzzle("frame", STRUCTURES[0], k)) for k in range(200)])
    sound = mine.path.read_bytes()
    broken = {
        "text": b"this is no data base, but a letter" * 100,
        "cut": sound[: len(sound) // 2],
        "zeros in its midst": sound[:8192] + bytes(len(sound) - 16384) + sound[-8192:],
    }[damage]
    mine.path.write_bytes(broken)
    database._sound.clear()
    refused(lambda: mine.create("b"), "is damaged, and was left as it is", str(mine.path))
    refused(lambda: mine.contents("a"), "is damaged")
    assert mine.path.read_bytes() == broken
    mine.path.write_bytes(sound)
    assert mine.find("a").puzzles == 201


def test_a_puzzle_that_the_disk_has_changed(mine: Collections) -> None:
    """The others are given out; a computation over all of them is refused until it is taken out."""
    mine.add("a", [Kept(some()[k], f"number {k}") for k in (1, 2, 3, 4)])
    with sqlite3.connect(mine.path) as connection:
        changed = bytearray(some()[2].cells)
        changed[50] ^= 1
        connection.execute("UPDATE puzzles SET tokens = ? WHERE name = 'number 2'", (bytes(changed),))
        connection.execute("UPDATE puzzles SET task = CAST(x'80' AS TEXT) WHERE name = 'number 3'")
        connection.execute("UPDATE puzzles SET tokens = x'00' WHERE name = 'number 4'")
    connection.close()
    found = mine.contents("a")
    assert [one.name for one in found.kept] == ["the first", "number 1"]
    assert [one.split(" of ")[0] for one in found.damaged] == ["Puzzle 3", "Puzzle 4", "Puzzle 5"]
    refused(lambda: mine.puzzles("a"), "3 of 5 puzzles", "collections remove NAME --damaged")
    assert mine.remove_damaged("a") == 3
    assert mine.puzzles("a").puzzles == some()[:2].puzzles


def test_files_of_others(mine: Collections, tmp_path: Path) -> None:
    other = Collections(tmp_path / "other")
    other.folder.mkdir()
    with sqlite3.connect(other.path) as connection:
        connection.execute("CREATE TABLE bookmarks (address TEXT)")
    connection.close()
    for act in (other.all, lambda: other.create("a")):
        refused(act, "of another program")
    with sqlite3.connect(mine.path) as connection:
        connection.execute("PRAGMA user_version = 2")
    connection.close()
    for act in (mine.all, lambda: mine.create("b")):
        refused(act, "newer version of Puzzlescope (form 2, this one knows 1)")
    other.path.write_bytes(b"")  # a process was killed just when it had made it
    assert other.all() == () and other.create("a").puzzles == 0
