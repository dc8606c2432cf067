"""A study from its plan to its end: begun, gone on with."""

from collections.abc import Generator, Iterable
from dataclasses import replace

from interp.ablation import parse_ablation, parse_component, parse_method
from interp.circuits.scores import HOWS
from interp.errors import PuzzlescopeError, brief
from interp.machine import own_version
from interp.model import PuzzleGPT
from interp.pairs import check_kind
from interp.studies.compacting import compact, group_of
from interp.studies.engines import Engine
from interp.studies.folder import StudyFolder
from interp.studies.laying import lay_down, source_hash
from interp.studies.plan import BATCH, CHUNK, Plan
from interp.studies.schema import EFFECTS, MEASURES, measures_of, tables_of
from interp.studies.sources import generated, how_many, is_generated, request_of, wanted_of
from interp.studies.work import Done


def planned(
    model: PuzzleGPT,
    components: Iterable[str] = (),
    *,
    puzzles: str = "bank",
    named: str = "default",
    limit: int | None = None,
    base: str = "",
    method: str = "zero",
    seed: int = 0,
    chunk: int = CHUNK,
    kind: str = "effects",
    measures: str = ",".join(MEASURES),
    pairs: str = "rule",
    edges: str = "eap-ig",
    task: str | None = None,
    structure: str | None = None,
) -> Plan:
    """A plan, checked, before its source is read: of one that is read, ``n`` and ``source_hash`` are not
    known yet.

    Args:
        components: what is ablated, one after the other, as ``L0.attn``; in studies of effects only.
        puzzles: ``generate:N`` or what :func:`interp.puzzles.load_puzzles` takes.
        named: what the model was called.
        limit: at most so many puzzles, of those that are read.
        base: what is ablated in all runs.
        method: how components are ablated.
        seed: of puzzles that are generated, and of pairs that are made.
        chunk: puzzles of a chunk, a multiple of 8.
        kind: ``effects``, ``edges`` or ``heads``.
        measures: of effects, joined by commas (:data:`interp.studies.schema.MEASURES`).
        pairs: of a study of edges: the kind of pair made of each puzzle, or a file of pairs, whose bases are
            then the puzzles.
        edges: how edges are scored (:data:`interp.circuits.scores.HOWS`).
        task, structure: only such puzzles.

    Raises:
        PuzzlescopeError: if something of it cannot be.
    """
    if chunk < BATCH or chunk % BATCH:
        raise PuzzlescopeError(f"A chunk has a multiple of {BATCH} puzzles, got {chunk}.")
    if seed < 0:
        raise PuzzlescopeError(f"Expected a seed of at least 0, got {seed}.")
    tables_of(kind)
    of_effects, of_edges = kind == "effects", kind == "edges"
    drawn = is_generated(puzzles)
    plan = Plan(
        puzzles=puzzles,
        n=how_many(puzzles) if drawn else 0,
        seed=seed,
        source_hash="",
        model=named,
        checkpoint=model.checkpoint_id,
        components=tuple(parse_component(one, model.cfg).text for one in components) if of_effects else (),
        base=parse_ablation(base, model.cfg).text,
        method=parse_method(method if of_effects else "zero", "method").text,
        chunk=chunk,
        code=own_version(),
        kind=kind,
        measures=measures_of(measures) if of_effects else (),
        pairs=pairs if of_edges else "",
        edges=edges if of_edges else "",
        task=task or "",
        structure=structure or "",
        limit=limit or 0,
    )
    _check(plan, drawn)
    return plan if drawn else replace(plan, request=request_of(plan))


def _check(plan: Plan, drawn: bool) -> None:
    """See that a plan can be carried out, without reading its source."""
    wanted_of(plan)
    if plan.limit and drawn:
        raise PuzzlescopeError("A limit is of puzzles that are read: generate:N says itself how many.")
    if drawn:
        generated(replace(plan, n=1), 0)
    if plan.kind == "effects" and not plan.components:
        raise PuzzlescopeError("There is no component to ablate: choose at least one.")
    if plan.kind != "edges":
        return
    if plan.edges not in HOWS:
        raise PuzzlescopeError(f"Edges are scored by one of {', '.join(HOWS)}, got '{brief(plan.edges)}'.")
    if plan.base:
        raise PuzzlescopeError("Edges are scored in the whole model: leave out what is to be ablated.")
    if plan.pairs_from_file and drawn:
        raise PuzzlescopeError("The puzzles of a file of pairs are their bases: leave out generate:N.")
    if not plan.pairs_from_file:
        check_kind(plan.pairs)


def begin(folder: StudyFolder, plan: Plan) -> Plan:
    """Lay a study down, its puzzles too if they are read from somewhere; or go on with the same.

    Args:
        plan: as :func:`planned` gives it.

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
    laid = [table for table in plan.tables if plan.laid_down(table)]
    if any(chunk not in folder.parts(table) for table in laid for chunk in (range(plan.chunks))):
        found = source_hash(plan)
        if found.text != plan.source_hash:
            raise PuzzlescopeError(
                f"Puzzles of the study {folder.url} are gone, and {plan.puzzles} does not hold the same any"
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
            f"The study {folder.url} is of the weights {folder.plan.checkpoint}, this model's are"
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
