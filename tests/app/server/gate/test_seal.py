"""Cookies that only this deployment can have written."""

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.server.gate.seal import Seal
from app.server.gate.settings import GateSettings, Provider

SETTINGS = GateSettings("password", secret="x" * 32, password_hash="a", hours=2)
SEAL = Seal(SETTINGS)


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + seconds)


def test_who_signs_in_is_known_again() -> None:
    person = SEAL.begun("ann@example.org", "Änn")
    assert SEAL.person(SEAL.session(person)) == person
    assert person.until - person.since == 7200


def test_two_browsers_of_one_person_are_two_sessions() -> None:
    assert SEAL.begun("a", "a").session != SEAL.begun("a", "a").session


def test_it_ends_after_the_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = SEAL.session(SEAL.begun("", ""))
    later(monkeypatch, 7190)
    assert SEAL.person(cookie) is not None
    later(monkeypatch, 20)
    assert SEAL.person(cookie) is None


def test_fewer_hours_hold_for_sessions_that_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = SEAL.session(SEAL.begun("", ""))
    shorter = Seal(replace(SETTINGS, hours=1))
    assert shorter.person(cookie) is not None
    later(monkeypatch, 3700)
    assert SEAL.person(cookie) is not None and shorter.person(cookie) is None


@pytest.mark.parametrize(
    "changed",
    [
        replace(SETTINGS, secret="y" * 32),
        replace(SETTINGS, password_hash="b"),
        replace(SETTINGS, way="provider", provider=Provider("https://a", "b", "c")),
        replace(SETTINGS, secret=""),
    ],
)
def test_another_secret_or_password_ends_it(changed: GateSettings) -> None:
    assert Seal(changed).person(SEAL.session(SEAL.begun("", ""))) is None


def test_a_secret_is_drawn_where_none_is_given() -> None:
    drawn = replace(SETTINGS, secret="")
    assert Seal(drawn).person(Seal(drawn).session(SEAL.begun("", ""))) is None


@given(st.text(max_size=60), st.integers(0, 200))
def test_a_forged_cookie_is_nobodys(text: str, cut: int) -> None:
    person = SEAL.begun("ann@example.org", "Ann")
    real = SEAL.session(person)
    assert SEAL.person(text) is None
    # What is no letter of base64 is passed over within a signature: it is the same then, of the same words.
    assert SEAL.person(real[:cut] + text + real[cut:]) in (None, person)
    said, dot, signature = real.partition(".")
    assert SEAL.person(said[:cut] + text + dot + signature) in (None, person)
    assert SEAL.person(None) is None and SEAL.person(real * 100) is None


def test_a_form_is_of_one_browser_and_one_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    token = SEAL.form("browser")
    assert SEAL.is_form(token, "browser")
    assert not SEAL.is_form(token, "é") and not SEAL.is_form(SEAL.form("é"), "e")
    assert not SEAL.is_form(token, "another") and not SEAL.is_form(token, None) and not SEAL.is_form("x", "x")
    assert SEAL.person(token) is None  # what is signed for one purpose serves no other
    assert not SEAL.is_form(SEAL.session(SEAL.begun("", "")), "browser")
    later(monkeypatch, 3700)
    assert not SEAL.is_form(token, "browser")
