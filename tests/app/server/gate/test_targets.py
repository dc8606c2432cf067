"""Where people go once they have signed in."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.server.gate.outside.targets import LONGEST_TOLD, Targets, asked, same_origin, target

HERE = "https://puzzles.example.org"


@pytest.mark.parametrize("base", ["", "/puzzles"])
@given(said=st.text(st.sampled_from("/\\.:@?#%ev il\t\n\0ä2f5cx"), max_size=12))
@example(said="//evil.example")
@example(said="/\\evil.example")
@example(said="/%2f/evil.example")
@example(said="/puzzles//evil.example")
@example(said="https://evil.example/")
@example(said="javascript:alert(1)")
@example(said="/../other")
@example(said="/puzzles/../other")
@example(said="/puzzles/%2e%2e/other")
def test_nobody_is_led_away(base: str, said: str) -> None:
    for one in (target(said, base), target(f"{base}{said}", base)):
        there = urlsplit(urljoin(f"{HERE}{base}/sign-in", one))
        assert (there.scheme, there.netloc) == ("https", "puzzles.example.org")
        assert there.path.startswith(f"{base}/")


def test_nobody_is_led_out_again_or_round_in_circles() -> None:
    assert target("/sign-out", "") == target("/sign-in?next=/heads", "") == "/"
    assert target("/puzzles/sign-out", "/puzzles") == "/puzzles/"


@pytest.mark.parametrize(
    "link", ["/", "/heads?puzzle=9a3726a23b&off=L1.attn,L2.H3&cell=g4r1c6", "/stories?x=%2F%C3%A4"]
)
def test_a_link_is_kept(link: str) -> None:
    assert target(link, "") == link
    path, _, query = link.partition("?")
    assert asked(path, query, "") == link


def test_a_long_link_is_kept_here_and_told_by_a_name() -> None:
    targets = Targets()
    long = "/stories?story=" + "x" * 20_000
    told = targets.told(long)
    assert len(told) < 60 and targets.meant(told, "") == long
    assert targets.meant("~unknown", "") == "/"
    assert targets.told("/" + "x" * (LONGEST_TOLD - 1)).startswith("/x")


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": HERE, "host": "puzzles.example.org"}, False),
        ({"origin": HERE, "host": "puzzles.example.org"}, True),
        ({"origin": HERE, "host": "app:8501"}, True),  # a proxy that does not keep the name
        ({"origin": "https://evil.example", "host": "app:8501"}, False),
        ({"origin": "null", "host": ""}, False),
        ({"origin": "http://[", "host": "puzzles.example.org"}, False),
        ({"origin": "https://[::1", "host": "[::1"}, False),
        ({"host": "puzzles.example.org"}, False),
    ],
)
def test_which_forms_are_ours(headers: dict[str, str], ours: bool) -> None:
    assert same_origin(headers, HERE) is ours
