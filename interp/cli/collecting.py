"""The commands ``collections ...``: puzzles that a person keeps on this machine, in and out of files."""

import sys
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from interp.cli.options import JsonOption
from interp.cli.printing import checked, folder_named, print_table, say, say_result
from interp.errors import PuzzlescopeError
from interp.outputs import strict_json
from interp.puzzles import load_puzzles
from interp.puzzles.collections import Collection, Collections, data_folder
from interp.puzzles.exchange import (
    FORMS,
    Found,
    Preview,
    export_file,
    form_of,
    preview_path,
    preview_text,
    read_picks,
)
from interp.puzzles.json_files import LARGEST_TEXT
from interp.puzzles.kept import Kept
from interp.puzzles.puzzle import PLACES
from interp.tokens import structure_named

group = typer.Typer(
    help="Puzzles that you keep on this machine: --puzzles collection:NAME uses them.",
    no_args_is_help=False,
    rich_markup_mode=None,
)

NameArgument = Annotated[str, typer.Argument(help="The collection's name.")]


@group.command("list")
def list_all(as_json: JsonOption = False) -> None:
    """The collections, how many puzzles each has, and when it was last changed."""
    mine = _mine()
    found = mine.all()
    if as_json:
        say_result(strict_json([asdict(one) for one in found]))
    elif found:
        print_table(("collection", "puzzles", "changed", "notes"), [_row(one) for one in found])
    else:
        say_result(f"No collection is kept in {mine.folder} yet.")


@group.command()
def show(name: NameArgument, as_json: JsonOption = False) -> None:
    """What a collection holds: its notes, and each puzzle's name, task, order of the grids and origin."""
    found = _mine().contents(name)
    rows = [_entry(one) for one in found.kept]
    if as_json:
        say_result(strict_json({**asdict(found.collection), "puzzles": rows, "damaged": found.damaged}))
        return
    if found.collection.notes:
        say_result(f"{found.collection.notes}\n")
    table = [tuple(row.values()) for row in rows]
    print_table(("id", "name", "task", "structure", "from"), table, left=5)
    for sentence in found.damaged:
        say(sentence)


@group.command()
def create(
    name: NameArgument,
    notes: Annotated[str, typer.Option("--notes", help="What it is of.")] = "",
) -> None:
    """Begin an empty collection."""
    made = _mine().create(name, notes)
    say_result(f"Made the collection '{made.name}'. Use it with --puzzles 'collection:{made.name}'.")


@group.command("import")
def import_file(
    name: NameArgument,
    source: Annotated[
        str,
        typer.Argument(
            help="A file (ARC JSON, .json, .npz, .parquet, text), - for standard input, bank, or"
            " collection:NAME."
        ),
    ],
    pick: Annotated[
        str, typer.Option("--pick", help="Numbers as --preview shows them, as in 1,3-5.")
    ] = "all",
    place: Annotated[str, typer.Option("--place", help=f"Where smaller grids go: {', '.join(PLACES)}.")] = (
        PLACES[0]
    ),
    structure: Annotated[
        str | None, typer.Option("--structure", help="The order of the grids in a text that does not say it.")
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show what there is, and take nothing.")] = False,
) -> None:
    """Take puzzles into a collection, which is made if there is none of this name. What is no puzzle is said
    and left out; if it is picked by its number, nothing is taken."""
    if source == "bank" or source.startswith("collection:"):
        taken, refused = _known(source, pick), tuple[Found, ...]()
        if preview:
            raise PuzzlescopeError("--preview is for files and text: `collections show` shows a collection.")
    else:
        shown = _previewed(source, place, structure)
        if preview:
            _print_preview(shown)
            return
        everything = pick.strip().lower() in ("", "all")
        taken = shown.taken(None if everything else read_picks(pick, len(shown.found)))
        refused = shown.refused if everything else ()
    for one in refused:
        say(one.refused)
    if not taken:
        raise PuzzlescopeError(
            f"Nothing was taken: {'standard input' if source == '-' else source} holds no puzzle that can be."
        )
    mine = _mine()
    _make_sure(mine, name)
    new = mine.add(name, taken)
    there = f", {len(taken) - new} were there already" if new < len(taken) else ""
    left = f", {len(refused)} were refused" if refused else ""
    say_result(f"Took {new} of {_many(len(taken))} into '{mine.find(name).name}'{there}{left}.")


@group.command("export")
def export_collection(
    name: NameArgument,
    path: Annotated[
        str,
        typer.Argument(help=f"A file that ends in {', '.join(form.ending for form in FORMS.values())}."),
    ],
) -> None:
    """Write a collection to a file, in the form that its ending says; one that is there is replaced."""
    form = form_of(path)
    target = checked(path)
    assert target is not None
    found = _mine().contents(name)
    export_file(found.kept, target, form)
    for sentence in found.damaged:
        say(sentence)
    say_result(f"Wrote {_many(len(found.kept))} to {target}: {FORMS[form].keeps}.")


@group.command()
def rename(name: NameArgument, new: Annotated[str, typer.Argument(help="Its new name.")]) -> None:
    """Call a collection differently."""
    say_result(f"It is called '{_mine().rename(name, new).name}' now.")


@group.command()
def notes(name: NameArgument, text: Annotated[str, typer.Argument(help="All of its notes.")]) -> None:
    """Replace a collection's notes."""
    say_result(f"Noted of '{_mine().annotate(name, text).name}'.")


@group.command()
def remove(
    name: NameArgument,
    ids: Annotated[list[str] | None, typer.Argument(help="Of its puzzles, as `show` lists them.")] = None,
    damaged: Annotated[bool, typer.Option("--damaged", help="What the disk has changed.")] = False,
) -> None:
    """Take puzzles out of a collection."""
    mine, wanted = _mine(), ids or []
    if bool(wanted) == damaged:
        raise PuzzlescopeError("Expected the ids of puzzles to take out, or --damaged; got neither or both.")
    if damaged:
        n = mine.remove_damaged(name)
    else:
        puzzles = {one.puzzle.id: one.puzzle for one in mine.contents(name).kept}
        strange = next((one for one in wanted if one not in puzzles), None)
        if strange is not None:
            raise PuzzlescopeError(
                f"There is no puzzle {strange} in '{name}': `collections show` lists their ids. None was"
                " taken out."
            )
        n = mine.remove(name, [puzzles[one] for one in wanted])
    say_result(f"Took {n} out of '{mine.find(name).name}'.")


@group.command()
def delete(
    name: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Needed if it holds puzzles: they go with it.")] = False,
) -> None:
    """Delete a collection."""
    mine = _mine()
    found = mine.find(name)
    if found.puzzles and not yes:
        raise PuzzlescopeError(
            f"'{found.name}' holds {_many(found.puzzles)}, which would be lost: say --yes, or export it"
            " first."
        )
    mine.delete(found.name)
    say_result(f"Deleted '{found.name}'.")


def _mine() -> Collections:
    return Collections(data_folder())


def _make_sure(mine: Collections, name: str) -> None:
    try:
        mine.find(name)
    except PuzzlescopeError:
        mine.create(name)


def _known(source: str, pick: str) -> tuple[Kept, ...]:
    """Puzzles of the bank or of another collection."""
    if source == "bank":
        found = load_puzzles("bank")
        rows = tuple(Kept(puzzle, f"{puzzle.task} {puzzle.id}", "bank") for puzzle in found)
    else:
        rows = _mine().contents(source.removeprefix("collection:")).kept
    return tuple(rows[number] for number in read_picks(pick, len(rows)))


def _previewed(source: str, place: str, structure: str | None) -> Preview:
    order = None if structure is None else structure_named(structure)
    if source != "-":
        return preview_path(folder_named(source), place=place, structure=order)
    try:
        return preview_text(sys.stdin.read(LARGEST_TEXT + 1), place=place, structure=order)
    except UnicodeDecodeError:
        raise PuzzlescopeError("Standard input is no text: give a file's name in place of -.") from None


def _print_preview(shown: Preview) -> None:
    say_result(f"{shown.source}, read as {shown.form}: {_many(len(shown.found))}")
    for number, one in enumerate(shown.found, start=1):
        task = one.puzzle.task if one.puzzle else "refused"
        say_result(f"{number}. {one.name} ({task}): {_said(one)}")
    for sentence in shown.notes:
        say_result(sentence)


def _many(n: int) -> str:
    return f"{n} puzzle{'' if n == 1 else 's'}"


def _said(one: Found) -> str:
    return one.refused or " ".join([*one.done, one.truth])


def _row(one: Collection) -> tuple[Any, ...]:
    changed = datetime.fromtimestamp(one.changed).astimezone()
    first = one.notes.split("\n")[0]
    return one.name, one.puzzles, f"{changed:%Y-%m-%d %H:%M}", first[:60]


def _entry(one: Kept) -> dict[str, str]:
    puzzle = one.puzzle
    return {
        "id": puzzle.id,
        "name": one.name,
        "task": puzzle.task,
        "structure": puzzle.structure.name,
        "provenance": one.provenance,
    }
