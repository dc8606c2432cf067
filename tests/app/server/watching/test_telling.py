"""The overview in words."""

from app.server.watching import telling
from app.server.watching.computing import Turns
from app.server.watching.overview import Cache, Overview, Visitor, Work

EMPTY = Overview(
    phase="starting",
    sentence="Not ready.",
    versions={"version": "1", "streamlit": "2", "python": "3"},
    seconds=5.0,
    memory=700 * 2**20,
    memory_limit=0,
    threads=9,
    talks=0,
    turns=Turns(),
    visitors=(),
    queue=(),
    caches={},
    models={},
    computed={},
)
FULL = Overview(
    **{
        **vars(EMPTY),
        "memory_limit": 4 * 2**30,
        "visitors": (
            Visitor("0123456789", 65.0, "heads", "waiting", 1.25, 4.0, 2, "ada@example.org"),
            Visitor("abcdef0123", 3.0, "workbench", "idle", 0.0, 0.0, 0),
        ),
        "queue": (Work(1, "Sweep", "watched", ("0123456789", "a", "b"), 1.0, 2.0, 0.5),),
        "caches": {"results": Cache(2, 2**20, 2**28, 0.75, 1)},
        "computed": {"Sweep": {"done": 2, "failed": 1, "abandoned": 0, "seconds": 3.25}},
    }
)


def test_a_server_that_has_just_started() -> None:
    lines = telling.text(EMPTY).splitlines()
    assert lines[0].split() == ["State", "starting"]
    for said in ("Nobody is here.", "Nothing is being computed.", "Nothing yet."):
        assert said in lines
    assert telling.facts(EMPTY)["Memory"] == "700 MB"


def test_a_busy_one() -> None:
    assert telling.facts(FULL)["Memory"] == "700 MB of 4.0 GB"
    assert telling.facts(FULL)["Visitors"] == "2, 1 waiting"
    people = telling.visitors(FULL)
    assert people.rows[0] == (
        "0123456789",
        "65 s",
        "heads",
        "waiting",
        "1.25 s",
        "4.0 s",
        "2",
        "ada@example.org",
    )
    assert telling.queue(FULL).rows == (
        ("Sweep", "1", "watched", "2.0 s", "1.0 s", "50 %", "0123456789, a, 1 more"),
    )
    assert all(len(row) == len(table.head) for table in (people, telling.caches(FULL)) for row in table.rows)


def test_columns_stand_below_each_other() -> None:
    text = telling.text(FULL)
    head, first, second = text.split("Visitors\n")[1].splitlines()[:3]
    assert head.index("Page") == first.index("heads") == second.index("workbench")
    assert head.index("Pages") + 5 == first.index("1.25 s") + 6 == second.index("0.00 s") + 6


def test_what_is_sent_names_nobody() -> None:
    plain = FULL.plain()
    assert "ada@example.org" not in str(plain) and plain["visitors"][0]["id"] == "0123456789"
