"""A study from its plan to its end: begun, gone on with."""

from collections.abc import Generator, Iterable
from dataclasses import replace

from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.studies.compacting import compact, group_of
from interp.studies.engines import Engine
from interp.studies.folder import SUMMARY_FILE, StudyFolder
from interp.studies.laying import lay_down, source_hash
from interp.studies.plan import Plan
from interp.studies.schema import EFFECTS
from interp.studies.sources import is_generated
from interp.studies.work import Done


def begin(folder: StudyFolder, plan: Plan) -> Plan:
    """Lay a study down, its puzzles too if they are read from somewhere; or go on with the same.

    Args:
        plan: as :func:`interp.studies.asked.planned` gives it.

    Returns:
        The plan, whole.

    Raises:
        PuzzlescopeError: if something cannot be had, or another study lies in the folder.
    """
    if is_generated(plan.puzzles):
        folder.begin(plan)
    elif folder.begun:
        found = source_hash(plan)
        folder.same(replace(plan, n=found.n, source_hash=found.text))
    else:
        folder.check_free()
        found = lay_down(folder, plan)
        folder.begin(replace(plan, n=found.n, source_hash=found.text))
    return folder.plan


def mend(folder: StudyFolder) -> int:
    """Make a study ready to go on: parts that cannot be read, or are not its own, are set aside, and puzzles
    that are gone are read anew. Returns how many were set aside.

    Raises:
        PuzzlescopeError: if the source is not what it was, or something cannot be read or written.
    """
    plan, bad = folder.plan, folder.set_bad_aside()
    if bad:
        folder.forget(SUMMARY_FILE)  # maybe it is of what stood in them
    laid = [table for table in plan.tables if plan.laid_down(table)]
    if any(chunk not in folder.parts(table) for table in laid for chunk in (range(plan.chunks))):
        found = source_hash(plan)
        if found.text != plan.source_hash:
            raise PuzzlescopeError(
                f"Puzzles of the study {folder.name} are gone, and {plan.puzzles} does not hold the same any"
                " more: begin a study under another name."
            )
        lay_down(folder, plan)
    return bad


def go_on(folder: StudyFolder, model: PuzzleGPT, engine: Engine) -> Generator[Done, None, None]:
    """Compute what is missing of a study; yields each chunk when it is written.

    Raises:
        PuzzlescopeError: if the model is not the plan's, or something cannot be read or written.
    """
    if model.checkpoint_id != folder.plan.checkpoint:
        raise PuzzlescopeError(
            f"The study {folder.name} is of the weights {folder.plan.checkpoint}, this model's are"
            f" {model.checkpoint_id}: give the model it was begun with ('{folder.plan.model}')."
        )
    folder.remove_stale()
    mend(folder)
    yield from engine.run(model, folder, folder.missing())


def tidied(chunks: Iterable[Done], folder: StudyFolder) -> Generator[Done, None, None]:
    """The same chunks; whenever so many are done as fill a file, and after the last, parts are merged, and
    what they add up to is kept, so that questions are answered at once.

    Raises:
        PuzzlescopeError: if something cannot be read or written.
    """
    every = group_of(folder, folder.plan.tables[-1], folder.listed(folder.plan.tables[-1]))
    for done, one in enumerate(chunks, start=1):
        yield one
        if done % every == 0:
            list(compact(folder))
    list(compact(folder))
    if folder.plan.kind == EFFECTS and folder.is_local:
        from interp.studies.questions import Study  # imports DuckDB and pandas

        Study(folder).fill()
