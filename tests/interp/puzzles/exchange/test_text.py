"""Grids in text, as people write them."""

from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from interp.cli.printing import puzzle_text
from interp.errors import PuzzlescopeError
from interp.puzzles import Puzzle
from interp.puzzles.exchange import Preview, exported, preview_file, preview_text
from interp.puzzles.exchange.text import LARGEST_PASTE
from interp.puzzles.kept import Kept
from interp.tokens import STRUCTURES, encode
from tests.support.puzzles import clean_frame, random_puzzle, refused, some

SIGNS = ".123456789a"


def spaced(grid: np.ndarray, between: str = " ") -> str:
    return "\n".join(between.join(map(str, row)) for row in grid.tolist())


def compact(grid: np.ndarray) -> str:
    return "\n".join("".join(SIGNS[cell] for cell in row) for row in grid.tolist())


def beside(grids: np.ndarray, between: str, row: Callable[[np.ndarray], str]) -> str:
    return "\n".join(between.join(row(grid[k : k + 1]) for grid in grids) for k in range(len(grids[0])))


def markdown(grid: np.ndarray) -> str:
    head, *rows = ["| " + " | ".join(map(str, row)) + " |" for row in grid.tolist()]
    return "\n".join([head, "|" + "---|" * len(grid[0]), *rows])


WAYS: dict[str, Callable[[np.ndarray], str]] = {
    "spaces": lambda grids: "\n\n".join(map(spaced, grids)),
    "no spaces": lambda grids: "\n\n".join(map(compact, grids)),
    "commas": lambda grids: "\n\n".join(spaced(grid, ", ") for grid in grids),
    "commas at the end": lambda grids: "\n\n".join(spaced(g, ",").replace("\n", ",\n") + "," for g in grids),
    "tabs": lambda grids: "\n\n".join(spaced(grid, "\t") for grid in grids),
    "pipes": lambda grids: "\n\n".join(spaced(grid, "|").replace("\n", "|\n|") for grid in grids),
    "markdown": lambda grids: "\n\n".join(map(markdown, grids)),
    "windows": lambda grids: "\r\n\r\n".join(spaced(grid).replace("\n", "\r\n") for grid in grids),
    "rules between": lambda grids: "\n----------\n".join(map(compact, grids)),
    "words between": lambda grids: "\n".join(
        f"{title}\n{spaced(g)}"
        for title, g in zip(("Example 1:", "Output", "Test input 2", "Ans"), grids, strict=False)
    ),
    "fences": lambda grids: (
        "Look at this:\n```\n" + "\n```\nand\n```\n".join(map(compact, grids)) + "\n```\n"
    ),
    "a row after the other": lambda grids: "\n".join(map(compact, grids)),
    "a blank line after each row": lambda grids: "\n\n".join(compact(g).replace("\n", "\n\n") for g in grids),
    "semicolons": lambda grids: "\n".join(spaced(grid).replace("\n", "; ") + "\n" for grid in grids),
    "python": lambda grids: str(grids.tolist()),
    "python, a list a line": lambda grids: "\n".join(str(grid.tolist()) for grid in grids),
    "tuples": lambda grids: repr(tuple(tuple(map(tuple, grid.tolist())) for grid in grids)),
    "names in Python": lambda grids: "\n".join(f"g{k} = {grid.tolist()}" for k, grid in enumerate(grids)),
    "numpy": str,
    "numpy, each": lambda grids: "\n".join(repr(grid) for grid in grids),
    "numpy floats": lambda grids: str(grids.astype(float)),
    "beside, pipes": lambda grids: beside(grids, " | ", spaced),
    "beside, spaces": lambda grids: beside(grids, "    ", spaced),
    "beside, a tab": lambda grids: beside(grids, "\t", compact),
    "beside, one space": lambda grids: beside(grids, " ", compact),
    "beside, box": lambda grids: beside(grids, " │ ", compact),
}


def grids_of(preview: Preview) -> list[list[list[list[int]]]]:
    assert not preview.refused, preview.refused
    return [one.puzzle.grids.tolist() for one in preview.sound if one.puzzle]


@settings(max_examples=2)
@given(seed=st.integers(0, 2**32 - 1))
def test_as_people_write_grids(seed: int) -> None:
    """Random grids, with every colour, are read back from each way of writing them."""
    grids = random_puzzle("x", STRUCTURES[0], seed).grids
    for name, way in WAYS.items():
        found = preview_text(way(grids))
        assert grids_of(found) == [grids.tolist()], f"{name}:\n{way(grids)}"
        assert found.sound[0].truth == "Its answer follows no task's rule." and not found.sound[0].done


@settings(max_examples=12)
@given(
    way=st.sampled_from(["spaces", "no spaces", "commas", "python", "numpy", "pipes", "beside, pipes"]),
    height=st.integers(2, 9),
    width=st.integers(2, 9),
    seed=st.integers(0, 2**32 - 1),
)
def test_smaller_grids_are_placed(way: str, height: int, width: int, seed: int) -> None:
    grids = np.random.default_rng(seed).integers(11, size=(4, height, width)).astype(np.uint8)
    (one,) = preview_text(WAYS[way](grids)).sound
    padded = np.zeros((4, 10, 10), dtype=np.uint8)
    padded[:, :height, :width] = grids
    assert one.puzzle and one.puzzle.grids.tolist() == padded.tolist()
    (said,) = one.done
    assert said.startswith("Put at the top left of a blank 10 x 10 grid: grid 1 (line ")
    assert said.count(f"({height} x {width})") == 4
    (one,) = preview_text(WAYS[way](grids), place="centre").sound
    top, left = (10 - height) // 2, (10 - width) // 2
    assert (
        one.puzzle and one.puzzle.grids[:, top : top + height, left : left + width].tolist() == grids.tolist()
    )
    assert "in the centre" in one.done[0]


def test_what_the_program_prints() -> None:
    """`python -m interp puzzles` shows four grids beside one another under their names."""
    for puzzle in some()[:4]:
        (one,) = preview_text(puzzle_text(puzzle)).sound
        assert one.puzzle and one.puzzle.cells == puzzle.cells


def test_the_order_of_the_grids() -> None:
    for structure in STRUCTURES:
        puzzle = random_puzzle("x", structure, 3)
        labels = structure.name.split()
        above = "\n".join(f"{label}:\n{spaced(g)}" for label, g in zip(labels, puzzle.grids, strict=True))
        plain = "\n\n".join(map(spaced, puzzle.grids))
        for found in (
            preview_text(above),
            preview_text(f"order: {structure.name}\n\n{plain}"),
            preview_text(plain, structure=structure),
        ):
            assert found.sound[0].puzzle and found.sound[0].puzzle.cells == puzzle.cells
    (one,) = preview_text(f"order: Y X\n\n{plain}").refused
    assert "No structure 'Y X'" in one.refused


def test_three_grids_are_answered_by_a_solver() -> None:
    for structure in STRUCTURES:
        puzzle = clean_frame(structure)
        text = "\n\n".join(map(compact, puzzle.grids[:3]))
        (one,) = preview_text(text, structure=structure).sound
        assert one.puzzle == puzzle
        assert one.done == ("Its answer was worked out by frame's solver.",)
        assert one.truth == "A frame puzzle: its solver comes to this answer."


def test_three_grids_that_no_solver_answers() -> None:
    text = "\n\n".join(map(compact, random_puzzle("x", STRUCTURES[0], 1).grids[:3]))
    (one,) = preview_text(text).refused
    assert one.refused == (
        "pasted text, puzzle 1: there is no fourth grid, and no task's solver has an answer to it: give the"
        " fourth grid."
    )


def test_several_puzzles_in_a_text() -> None:
    grids = np.stack([p.grids for p in some()[:3]]).reshape(12, 10, 10)
    found = preview_text(WAYS["no spaces"](grids))
    assert grids_of(found) == [p.grids.tolist() for p in some()[:3]]
    assert found.notes == ("12 grids were taken as 3 puzzles of 4.",)
    (one,) = preview_text(WAYS["no spaces"](grids[:5])).refused
    assert "three or four grids" in one.refused and "got 5" in one.refused


@settings(max_examples=8)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["frame", "another name", "", " x ", '"', "task: grow", "unknown", "# é"]),
            st.sampled_from(STRUCTURES),
            st.integers(0, 2**32 - 1),
            st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=40),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_round_trip_of_any_puzzles(recipes) -> None:
    """Names, tasks and orders are those that were written, whatever stands in them."""
    kept = [Kept(random_puzzle(task, order, seed), name) for task, order, seed, name in recipes]
    found = preview_file("x.txt", exported(kept, "text"))
    assert not found.refused and [(k.puzzle, k.name) for k in found.taken()] == [
        (k.puzzle, k.name) for k in kept
    ]


BAD: dict[str, tuple[str, list[str]]] = {
    "a letter": (f"{'0' * 10}\n" * 3 + "000x000000\n", ["grid 1, row 4 (line 4), cell 4", "got 'x'"]),
    "a colour 11": ("0 1 2\n0 11 2\n", ["grid 1, row 2 (line 2), cell 2", "got '11'"]),
    "a colour -1": ("0 1 2\n0 -1 2\n", ["grid 1, row 2 (line 2), cell 2", "got '-1'"]),
    "nan": ("[[0, 1], [nan, 2]]", ["grid 1, row 2 (line 1), cell 1", "got 'nan'"]),
    "1.5": ("[[0, 1], [1.5, 2]]", ["grid 1, row 2", "got '1.5'"]),
    "huge": ("[[0, 1], [" + "9" * 10**5 + ", 2]]", ["cell 1", "got '9999"]),
    "ragged": ("012\n01\n\n" * 4, ["grid 1, row 2 (line 2) has 2 cells, the first row has 3"]),
    "large": (
        "\n\n".join(["0" * 11 + "\n" + "0" * 11] * 4),
        ["grid 1 (line 1) is 2 x 11", "at most 10 x 10"],
    ),
    "tall": ("\n\n".join(["012\n" * 12] * 4), ["is 12 x 3"]),
    "two grids": ("012\n345\n\n012\n345", ["three or four grids", "got 2"]),
}


def test_what_is_no_puzzle_is_named() -> None:
    """File, puzzle and cell."""
    for name, (text, words) in BAD.items():
        (one,) = preview_text(text).found
        assert one.puzzle is None and one.refused.startswith("pasted text, puzzle 1: "), name
        assert one.refused.endswith(".") and len(one.refused) < 400 and one.refused.isprintable()
        assert all(word in one.refused for word in words), (name, one.refused)


def test_texts_without_grids() -> None:
    for text in ("", " \n", "The quick brown fox", "# puzzle: a\n", "X f(X) Y f(Y)"):
        refused(lambda text=text: preview_text(text), "has no grid", "rows of digits")
    refused(lambda: preview_text("0" * (LARGEST_PASTE + 1)), "letters, at most 8,388,608")
    refused(lambda: preview_text("x\n" * 250_001), "250,001 lines, at most 250,000")


@settings(max_examples=80)
@given(
    st.text(st.sampled_from("0123456789aA.,;|/[](){}-+#: \n\t\r\"'xXfY│"), max_size=200)
    | st.text(max_size=60)
    | st.lists(
        st.sampled_from(["000", "0 1 2", "X", "f(X)", "", "---", "|0|1|", "[0, 1]", "[[0]]", "#"])
    ).map("\n".join)
)
def test_any_text_is_puzzles_or_sentences(text: str) -> None:
    try:
        found = preview_text(text)
    except PuzzlescopeError as error:
        assert str(error).isprintable() and str(error).endswith(".") and len(str(error)) < 800
        return
    for one in found.found:
        assert (one.puzzle is None) == bool(one.refused) and one.refused.isprintable() and one.name
        if one.puzzle is not None:
            assert Puzzle.of(one.puzzle.task, encode(one.puzzle.grids, one.puzzle.structure)) == one.puzzle


# An expression that looked for their ends from each of their places would take hours.
LONG = [
    f"{start}{many * 10**5}{end}"
    for start, many, end in (
        ("0", " ", "0"),
        ("", " ", "x"),
        ("[", " ", ""),
        ("", "#", "0"),
        ("", "-", "0"),
        ("0 1", "\t ", "|"),
        ("", ";", "0"),
        ("[0", " ", ""),
        ("", "f(", ""),
    )
]


def test_a_text_without_end_is_one_sentence() -> None:
    for evil in ("[" * 20_000, "0 " * 20_000, "0\n" * 3_000, "[0]" * 3_000, "|" * 10**5, *LONG):
        try:
            (one,) = preview_text(evil).found
            said = one.refused
        except PuzzlescopeError as error:
            said = str(error)
        assert said.startswith("pasted text") and len(said) < 400


def test_a_wrong_cell_in_a_small_grid_is_told() -> None:
    """It is much of its row, which is a row all the same: the grid is not read without it."""
    text = "0 0 3\n0 3 0\n3 0 0\n\n3 0 0\n0 3 0\n0 0 3\n\n1 0 2\n0 0 0\n0 0 9x\n"
    (one,) = preview_text(text).refused
    assert "grid 3, row 3 (line 11), cell 3: a cell is a colour" in one.refused
