"""What browsers fetch by an address made from its content."""

import gzip

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.server import parcels
from app.server.parcels import Parcels, name_of, packed

SCRIPT = "export default () => 'ä'"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Parcels:
    store = Parcels(most=3000)
    monkeypatch.setattr(parcels, "PARCELS", store)
    return store


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=parcels.routes("/base")))


def test_a_script_is_kept_by_a_browser_for_good(store: Parcels, client: TestClient) -> None:
    address = store.put_script(SCRIPT)
    assert store.put_script(SCRIPT) == address != store.put_script(SCRIPT + " ")
    answer = client.get(f"/base/{address}")
    assert answer.text == SCRIPT and answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]


def test_who_cannot_unpack_gets_it_unpacked(store: Parcels, client: TestClient) -> None:
    answer = client.get(f"/base/{store.put_script(SCRIPT)}", headers={"accept-encoding": "identity"})
    assert answer.text == SCRIPT and "content-encoding" not in answer.headers


def test_what_is_not_there_is_not_kept(store: Parcels, client: TestClient) -> None:
    answer = client.get("/base/parcels/0123.bin")
    assert answer.status_code == 404 and answer.headers["cache-control"] == "no-store"


def test_the_least_recently_used_data_goes_first_and_scripts_stay(store: Parcels) -> None:
    script = store.put_script(SCRIPT)
    names = [name_of(bytes([k]), "bin") for k in range(5)]
    for name in names[:3]:
        store.put(name, bytes(1000))
    assert store.get(names[0]) is not None  # and so it is the last one used
    store.put(names[3], bytes(1000))
    assert [store.get(name) is not None for name in names] == [True, False, True, True, False]
    store.put(names[2], bytes(1000))  # is there already, and takes no more room
    assert store.get(names[0]) is not None and store.get(script.rpartition("/")[2]) is not None


def test_names_follow_the_content() -> None:
    assert name_of(b"a", "bin") == name_of(b"a", "bin") != name_of(b"b", "bin")
    assert gzip.decompress(packed(b"a" * 1000)) == b"a" * 1000
