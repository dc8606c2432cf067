"""The answers that a page shows, as they are read out of its components."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from interp.errors import brief

LONGEST_TITLE = 26
"""Letters of what is ablated above its answer."""


@dataclass(frozen=True)
class Scene:
    """What a visitor has asked for.

    Attributes:
        model: its name.
        puzzle: its id.
        off: the canonical text of what is ablated; may be empty.
    """

    model: str
    puzzle: str
    off: str = ""

    @property
    def title(self) -> str:
        """What stands above its answer; nothing, if nothing is ablated."""
        return f"Ablated: {brief(self.off, LONGEST_TITLE)}" if self.off else ""


@dataclass(frozen=True)
class Strip:
    """The grids that a page shows.

    Attributes:
        grids: the puzzle's four, each as 100 tokens in hexadecimal digits.
        clean: the answer of the clean run.
        title: what stands above the answer with parts off; empty if there is none.
        now: that answer; empty if there is none.
        chances: the probability of each cell of the last answer, 0 to 1.
    """

    grids: tuple[str, ...]
    clean: str
    title: str
    now: str
    chances: tuple[float, ...]

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        """Out of the data of the component.

        Raises:
            ValueError: if it is not what a strip of one puzzle and one or two answers is made of.
        """
        panels = data.get("panels")
        if not isinstance(panels, list) or len(panels) != 6:
            raise ValueError("a strip of six panels was expected")
        *grids, clean, now = panels
        title = now["title"] if now["cells"] else ""
        last = now if now["cells"] else clean
        chances = tuple(float(row[0]) for row in last.get("chance", []))
        cells = [_hexadecimal(panel["cells"]) for panel in panels]
        return cls(tuple(cells[: len(grids)]), cells[4], title, cells[5], chances)

    def answers(self, scene: Scene) -> bool:
        """Whether it says of itself that it is the answer to this scene."""
        return self.title == scene.title


@dataclass(frozen=True)
class Shown:
    """An answer on a page, and whose.

    Attributes:
        who: the visitor.
        scene: what he had asked for.
        strip: the grids.
        losses: by their labels, in the clean run and now, as they are written there; empty where the run of
            the page that drew the strip did not come to them.
    """

    who: str
    scene: Scene
    strip: Strip
    losses: dict[str, tuple[str, str]]

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def of(cls, record: dict[str, Any]) -> Self:
        """Out of such a record."""
        strip = record["strip"]
        grids, chances = tuple(strip["grids"]), tuple(strip["chances"])
        return cls(
            record["who"],
            Scene(**record["scene"]),
            Strip(grids, strip["clean"], strip["title"], strip["now"], chances),
            {label: (before, after) for label, (before, after) in record["losses"].items()},
        )


def read_losses(data: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """The losses of the read-out, by their labels: before and after."""
    return {item["label"]: (item["before"], item["after"]) for item in data.get("items", [])}


def _hexadecimal(cells: list[int]) -> str:
    return "".join(f"{cell:x}" for cell in cells)
