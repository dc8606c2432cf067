"""A study from its plan to its end: begun, gone on with, looked at."""

from collections.abc import Iterable, Iterator

from interp.ablation import parse_ablation, parse_component, parse_method
from interp.errors import PuzzlescopeError
from interp.machine import own_version
from interp.model import PuzzleGPT
from interp.puzzles import PuzzleSet, load_puzzles
from interp.studies.engines import Engine
from interp.studies.folder import StudyFolder
from interp.studies.plan import CHUNK, Plan
from interp.studies.schema import PUZZLES
from interp.studies.sources import MOST, hash_of, how_many, is_generated
from interp.studies.work import Done, rows_of


def begin(
    folder: StudyFolder,
    model: PuzzleGPT,
    components: Iterable[str],
    *,
    puzzles: str = "bank",
    named: str = "default",
    limit: int | None = None,
    base: str = "",
    method: str = "zero",
    seed: int = 0,
    chunk: int = CHUNK,
) -> Plan:
    """Lay a study down, its puzzles too if they are read from somewhere; or go on with the same.

    Args:
        components: what is ablated, one after the other, as ``L0.attn``.
        puzzles: ``generate:N`` or what :func:`interp.puzzles.load_puzzles` takes.
        named: what the model was called.
        limit: at most so many puzzles, of those that are read.
        base: what is ablated in all runs.
        method: how components are ablated.
        seed: of puzzles that are generated.
        chunk: puzzles of a chunk, a multiple of 8.

    Raises:
        PuzzlescopeError: if something cannot be had, or another study lies in the folder.
    """
    if chunk < 8 or chunk % 8:
        raise PuzzlescopeError(f"A chunk has a multiple of 8 puzzles, got {chunk}.")
    listed = tuple(parse_component(text, model.cfg).text for text in components)
    taken = None if is_generated(puzzles) else load_puzzles(puzzles, limit=limit or MOST)
    plan = Plan(
        puzzles=puzzles,
        n=how_many(puzzles) if taken is None else len(taken),
        seed=seed,
        source_hash="" if taken is None else hash_of(taken),
        model=named,
        checkpoint=model.checkpoint_id,
        components=listed,
        base=parse_ablation(base, model.cfg).text,
        method=parse_method(method, "method").text,
        chunk=chunk,
        code=own_version(),
    )
    folder.begin(plan)
    if taken is not None:
        _lay_down(folder, taken)
    return folder.plan


def _lay_down(folder: StudyFolder, puzzles: PuzzleSet) -> None:
    there = folder.parts(PUZZLES)
    for chunk in range(folder.plan.chunks):
        if chunk not in there:
            numbers = folder.plan.numbers(chunk)
            folder.write(PUZZLES, chunk, rows_of(puzzles[numbers.start : numbers.stop], numbers.start))


def go_on(folder: StudyFolder, model: PuzzleGPT, engine: Engine) -> Iterator[Done]:
    """Compute what is missing of a study; yields each chunk when it is written.

    Raises:
        PuzzlescopeError: if the model is not the plan's, or something cannot be read or written.
    """
    if model.checkpoint_id != folder.plan.checkpoint:
        raise PuzzlescopeError(
            f"The study {folder.url} is of the weights {folder.plan.checkpoint}, this model's are"
            f" {model.checkpoint_id}: give the model it was begun with ('{folder.plan.model}')."
        )
    yield from engine.run(model, folder, folder.missing())
