"""Whose addresses are let in, and which machines are believed."""

import pytest

from app.server.gate.allowed import Allowed, allowed
from app.server.gate.networks import NOWHERE, networks


@pytest.mark.parametrize(
    ("said", "address", "enters"),
    [
        ("example.org", "ann@example.org", True),
        ("example.org", "ANN@Example.ORG", True),
        ("@example.org", "ann@example.org", True),
        ("Example.org", "ann@example.org", True),
        ("example.org", "ann@sub.example.org", False),
        ("example.org", "ann@notexample.org", False),
        ("example.org", "ann@example.org.evil.net", False),
        ("example.org", "ann@evil.net@example.org", True),
        ("example.org", "example.org", True),  # a user's name that a proxy tells
        ("example.org", "@example.org", False),
        ("ann@example.org", "ann@example.org", True),
        ("ann@example.org", "bob@example.org", False),
        ("ann@example.org", "ann", False),
        ("ann", "ann", True),
        ("kim", "\u212aim", False),  # the Kelvin sign, which folds into a k
        ("strasse.de", "ann@straße.de", False),
        ("*", "anybody@anywhere.net", True),
        ("*", "", False),
    ],
)
def test_domains_and_addresses(said: str, address: str, enters: bool) -> None:
    assert (address in allowed("A", tuple(said.split()))) is enters


def test_an_empty_list_lets_nobody_in() -> None:
    assert "ann@example.org" not in Allowed()
    assert None not in Allowed(frozenset({"*"}))


@pytest.mark.parametrize(
    ("said", "host", "believed"),
    [
        ("10.0.0.0/24", "10.0.0.7", True),
        ("10.0.0.0/24", "10.0.1.7", False),
        ("10.0.0.5", "10.0.0.5", True),
        ("10.0.0.5", "::ffff:10.0.0.5", True),
        ("::1", "::1", True),
        ("::1", "127.0.0.1", False),
        ("fd00::/8", "fd00::1%eth0", True),
        ("10.0.0.5", "", False),
        ("10.0.0.5", "10.0.0.5, 10.0.0.5", False),
        ("10.0.0.5", "gpu-box", False),
    ],
)
def test_networks(said: str, host: str, believed: bool) -> None:
    assert (host in networks("A", (said,))) is believed
    assert host not in NOWHERE and not NOWHERE
