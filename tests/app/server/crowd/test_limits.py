"""How much the server takes, and how many it takes in, as the environment says."""

import pytest

from app.server.crowd.limits import Limits, read
from app.server.words import Words
from interp.errors import PuzzlescopeError


def test_nothing_said_is_no_limit() -> None:
    assert read(Words({})) == Limits(memory=0, visitors=0)


def test_what_is_said() -> None:
    found = read(Words({"PUZZLESCOPE_MEMORY": "1.5G", "PUZZLESCOPE_VISITORS": "40"}))
    assert found == Limits(memory=3 * 2**29, visitors=40)


@pytest.mark.parametrize(
    ("name", "said", "told"),
    [
        ("MEMORY", "much", "PUZZLESCOPE_MEMORY: Expected a size such as 2G, 1500M or 0.5G, got 'much'."),
        ("MEMORY", "500M", "PUZZLESCOPE_MEMORY is 500 MB, and at least 1000 MB are needed"),
        ("MEMORY", "4", "PUZZLESCOPE_MEMORY is 0 MB"),
        ("VISITORS", "0", "PUZZLESCOPE_VISITORS must be a number from 1 to 10000, got '0'."),
        ("VISITORS", "all", "PUZZLESCOPE_VISITORS must be a number from 1 to 10000, got 'all'."),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(name: str, said: str, told: str) -> None:
    with pytest.raises(PuzzlescopeError) as caught:
        read(Words({f"PUZZLESCOPE_{name}": said}))
    assert str(caught.value).startswith(told)
