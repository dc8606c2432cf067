"""The administrators' page: what it shows, to whom, and what can be done there."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from app.server import settings
from app.server.gate.person import Person, Way
from app.server.gate.settings import GateSettings
from app.server.settings import Settings
from app.server.watching import computing
from app.server.watching.admins import may_administer, read
from app.server.watching.computing import Computing
from app.server.watching.visits import VISITS, Connection
from app.server.words import Words
from app.views import ADMIN
from interp.backend.status import Kept, Kind, Status, UnderWay
from interp.errors import PuzzlescopeError
from tests.support.pages import page_of, words

SESSION = "3f1e4f5a-0000-4000-8000-000000000000"


class Stub:
    """A backend that writes down what it is told."""

    def __init__(self) -> None:
        self.dropped: list[str] = []
        self.emptied = 0

    def status(self) -> Status:
        return Status(
            jobs=(UnderWay("Sweep", "watched", 1.5, 7.0, 12, 0.25, (SESSION,)),),
            computed={"Sweep": Kind(done=3, seconds=4.5)},
            results=Kept(entries=2, nbytes=5 * 2**20, most=256 * 2**20, hits=3, misses=1),
            models=("default",),
        )

    def drop(self, session: str) -> int:
        self.dropped.append(session)
        return 1

    def empty(self) -> None:
        self.emptied += 1


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """With a visitor who is here."""
    stub = Stub()
    offered = Computing(stub.status, stub.drop, stub.empty, checkpoints=lambda: {"default": "abc123"})
    monkeypatch.setattr(computing, "_offered", offered)
    connection = Connection("c1")
    VISITS.opened(connection)
    VISITS.of(SESSION, "c1").page = "heads"
    yield stub
    VISITS.closed(connection)


@pytest.fixture
def page(stub: Stub, monkeypatch: pytest.MonkeyPatch, model_folder: str) -> AppTest:
    monkeypatch.setenv("PUZZLESCOPE_MODEL", model_folder)
    monkeypatch.setattr(settings, "_now", Settings())
    page = page_of("workbench")
    page._page_hash = calc_hash(ADMIN.url_path)
    return page


def html(page: AppTest) -> str:
    return "\n".join(one.proto.body for one in page.get("html"))


def visitor() -> str:
    return VISITS.of(SESSION).id


def test_all_is_on_the_page(page: AppTest) -> None:
    page.run()
    assert not page.exception and [one.value for one in page.title] == ["Administration"]
    shown = html(page)
    for said in (visitor(), "heads", "Sweep", "watched", "25 %", "5 MB", "75 %", "default (abc123)", "4.5"):
        assert said in shown, said
    assert SESSION not in shown and SESSION not in words(page)


def test_a_visitors_work_is_dropped(page: AppTest, stub: Stub) -> None:
    page.run()
    page.selectbox(key="admin-visitor").select(visitor()).run()
    next(one for one in page.button if one.label.startswith("Drop")).click().run()
    assert not page.exception and stub.dropped == [SESSION]
    assert f"Dropped 1 computation of visitor {visitor()}." in words(page)


def test_the_caches_are_emptied_after_a_question(page: AppTest, stub: Stub) -> None:
    page.run()
    next(one for one in page.button if one.label == "Empty the caches").click().run()
    assert stub.emptied == 0
    next(one for one in page.button if one.label == "Empty them").click().run()
    assert not page.exception and stub.emptied == 1
    assert "The caches are empty." in words(page)


def test_others_see_a_sentence(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    for refused in (
        Settings(address="0.0.0.0"),
        replace(Settings(), gate=GateSettings(way="password")),
    ):
        monkeypatch.setattr(settings, "_now", refused)
        page.run()
        assert not page.exception and not page.button
        assert "for the server's administrators" in page.info[0].value
        assert visitor() not in html(page)


def test_who_is_refused_can_sign_out(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "now", lambda: Settings(address="0.0.0.0"))
    person = Person("password", "", "", "s", 0, 1)
    monkeypatch.setattr("app.server.watching.runs.signed_in", lambda: person)
    page.run()
    assert not page.exception and page.info
    assert '<a href="/sign-out"' in html(page)


def test_it_has_no_place_in_the_bar(page: AppTest) -> None:
    page.run()
    links = [one.proto.label for one in page.get("page_link")]
    assert "Workbench" in links and ADMIN.title not in links


ADMINS = frozenset({"ada@example.org"})


@pytest.mark.parametrize(
    ("person", "address", "headers", "sign_in", "may"),
    [
        ("ada@example.org", "0.0.0.0", ["x-forwarded-for"], True, True),
        ("ADA@example.org", "0.0.0.0", [], True, True),
        ("bob@example.org", "127.0.0.1", [], True, False),
        (None, "127.0.0.1", [], True, False),
        (None, "127.0.0.1", [], False, True),
        (None, "localhost", [], False, True),
        (None, "::1", ["Host"], False, True),
        (None, "127.0.0.1", ["X-Forwarded-For"], False, False),
        (None, "0.0.0.0", [], False, False),
        (None, "10.0.0.1", [], False, False),
    ],
)
def test_who_may(person: str | None, address: str, headers: list[str], sign_in: bool, may: bool) -> None:
    assert may_administer(ADMINS, address, person, headers, sign_in=sign_in) is may


def test_the_addresses_are_read() -> None:
    said = Words({"PUZZLESCOPE_ADMINS": "Ada@example.org, bob@example.org"})
    for way in ("provider", "header"):
        assert read(said, way) == ADMINS | {"bob@example.org"}
    assert read(Words({}), None) == read(Words({}), "password") == frozenset()


@pytest.mark.parametrize("way", ["password", None])
def test_addresses_that_nothing_tells_are_refused_at_the_start(way: Way | None) -> None:
    with pytest.raises(PuzzlescopeError, match="PUZZLESCOPE_ADMINS is set, but nothing tells whose address"):
        read(Words({"PUZZLESCOPE_ADMINS": "ada@example.org"}), way)
