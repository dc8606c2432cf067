"""The hub through its real clients, `huggingface_hub` and `datasets`, against a hub on this machine.

They read its address when they are imported, so they run in a process of their own, one for all tests here
(and one that is offline), which is asked line by line. It refuses to connect to anything but the loopback.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from interp.checkpoints import load_model
from interp.puzzles import PuzzleSet
from interp.tasks import TASKS
from interp.tokens import STRUCTURES, with_start
from tests.support.hub import Hub, serving
from tests.support.places import ROOT
from tests.support.puzzles import bank

TINY = ROOT / "tests" / "data" / "mygpt_tiny.pth"
PUBLIC = "tommyp111/culture-puzzles-1M"
PARTITIONED = "tommyp111/culture-puzzles-1M-partitioned"

CLIENT = """
import json, socket, sys, time, warnings

left, slept, sleep, connect, look_up = [], [], time.sleep, socket.socket.connect, socket.getaddrinfo

def only_here(host):
    if host not in ("127.0.0.1", "localhost", b"127.0.0.1"):
        left.append(str(host))
        raise OSError("this would leave the machine")

plugged = [True]

def guarded_connect(self, address):
    if not plugged[0]:
        raise ConnectionRefusedError(111, "Connection refused")
    if self.family != socket.AF_UNIX:
        only_here(address[0])
    return connect(self, address)

def guarded_look_up(host, *rest, **named):
    if host == "datasets-server.127.0.0.1":  # the hub's viewer, which `datasets` makes of the hub's address
        host = "127.0.0.1"
    only_here(host)
    return look_up(host, *rest, **named)

def short_sleep(seconds):
    slept.append(seconds)
    sleep(min(seconds, 0.01))

socket.socket.connect, socket.getaddrinfo, time.sleep = guarded_connect, guarded_look_up, short_sleep

from interp.errors import PuzzlescopeError
from interp.puzzles import load_puzzles
from interp.tokens import STRUCTURES

def answer(do, name, **options):
    if do == "model":
        from interp.checkpoints import load_model
        return {"model": load_model(name).checkpoint_id}
    if do == "plug":
        from huggingface_hub.utils import close_session
        close_session()  # else it would go on with a connection that it has
        plugged[0] = options["on"]
        return {}
    if do == "look up":
        try:
            socket.getaddrinfo(name, 80)
        except OSError:
            return {}
    if do == "prepare":
        import datasets
        return {"rows": datasets.load_dataset(name).num_rows}
    if "structure" in options:
        options["structure"] = STRUCTURES[options["structure"]]
    return {"puzzles": [[p.task, p.cells.hex()] for p in load_puzzles(name, **options)]}

said, sys.stdout = sys.stdout, sys.stderr
for line in sys.stdin:
    slept.clear()
    try:
        found = answer(**json.loads(line))
    except PuzzlescopeError as error:
        found = {"error": str(error)}
    print(json.dumps({**found, "slept": sum(slept), "left": left}), file=said, flush=True)
    left.clear()
"""


class Client:
    """A process with the real clients, and one question after another."""

    def __init__(self, hub: Hub, home: Path, **environment: str):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
        caches = {"HF_HOME": str(home), "HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", CLIENT],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**kept, **caches, "OMP_NUM_THREADS": "1", **environment},
        )

    def ask(self, do: str, name: str, **options: Any) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        print(json.dumps({"do": do, "name": name, **options}), file=self._process.stdin, flush=True)
        found = json.loads(self._process.stdout.readline())
        left = found.pop("left")
        assert not left, f"{left} would have been asked"
        return found

    def puzzles(self, name: str, **options: Any) -> list[tuple[str, bytes]]:
        found = self.ask("puzzles", name, **options)
        return [(task, bytes.fromhex(cells)) for task, cells in found["puzzles"]]

    def refused(self, do: str, name: str, *words: str, **options: Any) -> dict[str, Any]:
        found = self.ask(do, name, **options)
        message = found["error"]
        assert message.isprintable() and message.endswith("."), message
        for word in words:
            assert word in message, f"{word!r} is not in {message!r}"
        return found

    def close(self) -> None:
        self._process.communicate(timeout=30)
        assert self._process.returncode == 0


def table(puzzles: PuzzleSet, **changes: Any) -> bytes:
    rows = {"input_ids": with_start(puzzles.tokens).tolist(), "label": [p.task for p in puzzles], **changes}
    file = BytesIO()
    found = {name: column for name, column in rows.items() if column is not None}
    pq.write_table(pa.table(found), file, row_group_size=50)
    return file.getvalue()


def repository(splits: dict[str, bytes]) -> dict[str, bytes]:
    """The files of a data set, as `push_to_hub` lays them out."""
    files = {f"data/{name}-00000-of-00001.parquet": content for name, content in splits.items()}
    listed = "".join(f"  - split: {name}\n    path: data/{name}-*\n" for name in splits)
    card = f"---\nconfigs:\n- config_name: default\n  data_files:\n{listed}---\n# Puzzles\n"
    return {".gitattributes": b"", "README.md": card.encode(), **files}


CULTURE = PuzzleSet("culture", tuple(p for p in bank()[:6]))


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    found, weights = Hub(), TINY.read_bytes()
    again = BytesIO()  # the same weights in other bytes: the cache knows a file by its contents
    torch.save([*torch.load(TINY, weights_only=True)], again, _use_new_zipfile_serialization=True)
    found.add(
        "models/owner/repo", {"README.md": b"# A model", "file.pth": weights, "cut.pth": again.getvalue()}
    )
    found.add("models/owner/repo", {"sub/file.pth": weights}, "v1.0")
    found.add(f"datasets/{PUBLIC}", repository({"train": table(bank()[:200])}))
    found.add(f"datasets/{PUBLIC}", repository({"train": table(bank()[200:210])}), "v1.0")
    splits = {task: table(bank()[:200].filter(task=task)) for task in TASKS}
    culture = table(CULTURE, label=["culture"] * len(CULTURE))
    found.add(f"datasets/{PARTITIONED}", repository({**splits, "culture": culture}))
    found.add("models/owner/repo", {**found.repos["models/owner/repo"]["main"], "broken.pth": b"x" * 10**6})
    found.add("datasets/a/broken", repository({"train": table(bank()[20:40])}))
    found.add("datasets/a/cut", repository({"train": table(bank()[:20])}))
    with serving(found):
        yield found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def client(hub: Hub, home: Path) -> Iterator[Client]:
    found = Client(hub, home)
    yield found
    found.close()


def values(puzzles: PuzzleSet) -> list[tuple[str, bytes]]:
    return [(puzzle.task, puzzle.cells) for puzzle in puzzles]


DATA = "data/train-00000-of-00001.parquet"


@pytest.fixture
def hub_again(hub: Hub) -> Iterator[Hub]:
    """The hub, to be damaged by a test and whole after it."""
    hub.asked.clear()
    yield hub
    hub.cuts.clear()
    hub.busy.clear()


# ---- checkpoints -------------------------------------------------------------------------------------------


def test_a_checkpoint(client: Client, hub_again: Hub) -> None:
    """Fetched once, then from the cache; a folder within the repository, and a revision."""
    expected = load_model(TINY).checkpoint_id
    for name in ("hub:owner/repo/file.pth", "hub:owner/repo/file.pth", "hub:owner/repo@v1.0/sub/file.pth"):
        assert client.ask("model", name)["model"] == expected
    assert sum(asked.startswith("GET") and asked.endswith(".pth") for asked in hub_again.asked) == 1


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("hub:owner/repo/none.pth", "no such file"),
        ("hub:owner/repo@v2.0/file.pth", "no such revision"),
        ("hub:owner/none/file.pth", "does not exist or is private"),
    ],
)
def test_a_checkpoint_that_is_not_there(client: Client, name: str, word: str) -> None:
    found = client.refused("model", name, name, word, "by hand")
    assert found["slept"] == 0, "nothing to wait for"


def test_a_download_that_breaks_goes_on(client: Client, hub_again: Hub) -> None:
    hub_again.cuts["cut.pth"] = 2
    expected = load_model(TINY).checkpoint_id
    assert client.ask("model", "hub:owner/repo/cut.pth")["model"] == expected
    assert hub_again.cuts["cut.pth"] == 0


def test_a_download_that_stays_broken(client: Client, hub_again: Hub) -> None:
    hub_again.cuts["broken.pth"] = 1000
    found = client.refused("model", "hub:owner/repo/broken.pth", "hub:owner/repo/broken.pth", "by hand")
    assert found["slept"] < 60


# ---- data sets ---------------------------------------------------------------------------------------------


def test_the_public_set(client: Client, hub_again: Hub) -> None:
    assert client.puzzles("hub", limit=5) == values(bank()[:5])
    assert client.puzzles(f"hub:{PUBLIC}") == values(bank()[:200])
    assert client.puzzles(f"hub:{PUBLIC}@v1.0") == values(bank()[200:210])
    frames = bank()[:200].filter(task="frame", structure=STRUCTURES[1])[:3]
    assert client.puzzles("hub", task="frame", structure=1, limit=3) == values(frames)


def test_the_partitioned_set(client: Client, hub_again: Hub) -> None:
    """A split a task, and "culture"; only the split that is asked for is fetched."""
    name = f"hub:{PARTITIONED}"
    assert client.puzzles(name, task="culture") == [("culture", p.cells) for p in CULTURE]
    frames = values(bank()[:200].filter(task="frame"))
    assert client.puzzles(name, task="frame") == frames
    fetched = {asked.split("/")[-1] for asked in hub_again.asked if asked.endswith(".parquet")}
    asked_for = {"culture-00000-of-00001.parquet", "frame-00000-of-00001.parquet"}
    first = {"replace_color-00000-of-00001.parquet"}  # from which the client learns the columns' types
    assert asked_for <= fetched <= asked_for | first
    everything = client.puzzles(name)
    assert len(everything) == 206 and {task for task, _ in everything} == {*TASKS, "culture"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"input_ids": None}, ["'label'"]),
        ({"input_ids": [[1, 2]] * 10}, ["train, puzzle 1", "404"]),
        ({"input_ids": [None] * 10}, ["404", "null"]),
        ({"input_ids": [["a"] * 404] * 10}, ["whole numbers"]),
        ({"input_ids": [[0.5] * 404] * 10}, ["whole numbers", "0.5"]),
        ({"label": [None] * 10}, ["null"]),
        ({"label": ["x" * 1000] * 10}, ["100 letters"]),
    ],
)
def test_a_set_of_something_else(client: Client, hub: Hub, changes: dict[str, Any], words: list[str]) -> None:
    name = f"other/set-{abs(hash(repr(changes)))}"
    hub.add(f"datasets/{name}", repository({"train": table(bank()[:10], **changes)}))
    client.refused("puzzles", f"hub:{name}", f"'{name}'", *words)


def test_sets_as_people_have_them(client: Client, hub: Hub) -> None:
    """Numbered labels with their names, whole floats, no labels, no description."""
    found = bank()[:8]
    features = datasets.Features(
        {"input_ids": datasets.List(datasets.Value("int16")), "label": datasets.ClassLabel(names=list(TASKS))}
    )
    numbered, rows = (
        BytesIO(),
        {"input_ids": with_start(found.tokens).tolist(), "label": [p.task for p in found]},
    )
    datasets.Dataset.from_dict(rows, features=features).to_parquet(numbered)
    lines = "".join(json.dumps({name: column[n] for name, column in rows.items()}) + "\n" for n in range(8))
    bare = table(found, label=None, input_ids=found.tokens.astype(float).tolist())
    for name, files in (
        ("people/numbered", repository({"train": numbered.getvalue()})),
        ("people/bare", {"train.parquet": bare}),
        ("people/lines", {"train.jsonl": lines.encode()}),
    ):
        hub.add(f"datasets/{name}", files)
        assert client.puzzles(f"hub:{name}") == values(found), name


def test_sets_that_are_not_there(client: Client) -> None:
    found = client.refused("puzzles", "hub:a/none", "'a/none'", "does not exist or is private")
    assert found["slept"] == 0
    client.refused("puzzles", f"hub:{PUBLIC}@v9", "no such revision")
    client.refused("puzzles", "hub", "no puzzle", task="nothing")
    for name in ("hub:a", "hub:/b", "hub:a/", "hub:a/b/c/d", "hub:../..//x", "hub:a b/c", "hub:a/b@"):
        client.refused("puzzles", name, "hub:OWNER/NAME")
    client.refused("puzzles", "hub", "1,048,576", limit=10**7)


def test_a_stream_that_breaks_goes_on(client: Client, hub_again: Hub) -> None:
    hub_again.cuts[DATA], hub_again.busy[DATA] = 2, 1
    assert client.puzzles("hub:a/cut") == values(bank()[:20])
    assert hub_again.cuts[DATA] == hub_again.busy[DATA] == 0


def test_a_stream_that_stays_broken_ends(client: Client, hub_again: Hub) -> None:
    """`datasets` would go on for ten minutes."""
    hub_again.cuts[DATA] = 1000
    assert client.refused("puzzles", "hub:a/broken", "'a/broken'", "network")["slept"] < 60


# ---- without the hub ---------------------------------------------------------------------------------------


def test_a_hub_that_cannot_be_reached(client: Client) -> None:
    """What was fetched before is still there."""
    client.ask("model", "hub:owner/repo/file.pth")
    client.ask("plug", "", on=False)
    try:
        assert client.ask("model", "hub:owner/repo/file.pth")["model"] == load_model(TINY).checkpoint_id
        new = client.refused("model", "hub:owner/repo/new.pth", "hub:owner/repo/new.pth", "cannot be reached")
        sets = client.refused("puzzles", "hub:a/cut", "'a/cut'", "network")
    finally:
        client.ask("plug", "", on=True)
    assert new["slept"] + sets["slept"] < 60


def test_offline(client: Client, hub: Hub, home: Path) -> None:
    """With HF_HUB_OFFLINE nobody is asked; what an earlier use of the clients has kept is used."""
    client.ask("model", "hub:owner/repo/file.pth")
    assert client.ask("prepare", PUBLIC)["rows"] == {"train": 200}
    hub.asked.clear()
    offline = Client(hub, home, HF_HUB_OFFLINE="1")
    assert offline.ask("model", "hub:owner/repo/file.pth")["model"] == load_model(TINY).checkpoint_id
    offline.refused("model", "hub:owner/repo/new.pth", "hub:owner/repo/new.pth", "kept here")
    assert offline.puzzles("hub", limit=5) == values(bank()[:5])
    offline.refused("puzzles", "hub:a/cut", "hub:a/cut", "HF_HUB_OFFLINE")
    offline.close()
    assert not hub.asked


def test_the_guard_against_the_network_can_fail(client: Client) -> None:
    with pytest.raises(AssertionError, match=r"example\.org"):
        client.ask("look up", "example.org")
