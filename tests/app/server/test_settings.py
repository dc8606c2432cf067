"""The settings of a deployment, as the environment gives them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.server.settings import NAMES, PREFIX, Settings, check_spelling, read
from app.server.words import Words
from interp.errors import PuzzlescopeError
from tests.support.places import ROOT


def test_nothing_said_is_a_server_for_this_machine() -> None:
    assert read(Words({}), "127.0.0.1") == Settings(address="127.0.0.1")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("PUZZLESCOPE_VISITOR", "VISITORS"),
        ("PUZZLESCOPE_FRAME", "FRAMES"),
        ("PUZZLESCOPE_METRIC_FROM", "METRICS_FROM"),
        ("PUZZLESCOPE_PASSWORD_HSAH_FILE", "PASSWORD_HASH"),
    ],
)
def test_a_misspelt_setting_is_told_with_the_one_that_was_meant(name: str, meant: str) -> None:
    with pytest.raises(PuzzlescopeError) as caught:
        read(Words({name: "1"}), "127.0.0.1")
    assert str(caught.value) == f"There is no setting {name}: {PREFIX}{meant} may be meant."


def test_what_a_cluster_calls_a_service_named_puzzlescope_is_let_be() -> None:
    check_spelling(
        f"{PREFIX}{name}"
        for name in (
            "SERVICE_HOST",
            "SERVICE_PORT",
            "PORT",
            "PORT_8501_TCP",
            "PORT_8501_TCP_ADDR",
            "BARE_ROOT",
        )
    )
    check_spelling(f"{PREFIX}{name}{end}" for name in NAMES for end in ("", "_FILE"))


def test_the_page_on_deploying_lists_every_setting() -> None:
    lines = (ROOT / "docs" / "deploy.md").read_text().splitlines()
    listed = [
        part for line in lines if line.startswith("| `PUZZLESCOPE_") for part in line.split("|")[1].split("`")
    ]
    assert sorted(part.removeprefix(PREFIX) for part in listed if part.startswith(PREFIX)) == sorted(NAMES)


def test_a_secret_comes_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("a b\n")
    assert Words({"SECRET_FILE": str(path)}).text("SECRET") == "a b"


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"A": "x", "A_FILE": "/y"}, "A and A_FILE are both set: keep one of them."),
        ({"A_FILE": "/nowhere/at all"}, "A_FILE: cannot read /nowhere/at all: No such file or directory."),
        ({"A_FILE": "/"}, "A_FILE: cannot read /: Is a directory."),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(environ: dict[str, str], told: str) -> None:
    with pytest.raises(PuzzlescopeError) as caught:
        Words(environ).text("A")
    assert str(caught.value) == told


@given(st.text(st.characters(blacklist_categories=["Cs"])))
def test_a_flag_is_yes_or_no_or_refused(said: str) -> None:
    try:
        found = Words({"A": said}).flag("A")
    except PuzzlescopeError as error:
        assert str(error).startswith("A must be 1 or 0, got '") and "\n" not in str(error)
    else:
        known = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")
        assert said.strip().lower() in known[not found]


@pytest.mark.parametrize("said", ["nan", "inf", "-1", "11", "many", "1 2"])
def test_a_number_stays_within_its_bounds(said: str) -> None:
    with pytest.raises(PuzzlescopeError, match=r"A must be a number from 0 to 10, got '"):
        Words({"A": said}).number("A", 1, 0, 10)
    assert Words({"A": " 2.5 "}).number("A", 1, 0, 10) == 2.5
    assert Words({}).number("A", 1, 0, 10) == 1


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("0.0.0.0", ""),
        ("10.0.0.5", ""),
        ("::", "http://localhost"),
        ("127.0.0.1", "https://tools.example.org"),
    ],
)
def test_where_others_come_something_says_who_may_enter(address: str, url: str) -> None:
    """Behind a proxy on the same machine too: to the server all who come are then from this machine."""
    with pytest.raises(PuzzlescopeError, match="nothing says who may enter: set PUZZLESCOPE_PASSWORD_HASH"):
        read(Words({"PUZZLESCOPE_URL": url}), address)
    assert read(Words({"PUZZLESCOPE_URL": url, "PUZZLESCOPE_OPEN": "1"}), address).gate.way is None


def test_on_this_machine_alone_nothing_needs_to_be_said() -> None:
    for url in ("", "http://localhost:8501", "http://127.0.0.1:8501/p"):
        assert read(Words({"PUZZLESCOPE_URL": url}), "127.0.0.1").gate.way is None
