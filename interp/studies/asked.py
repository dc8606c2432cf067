"""What is asked of a study, checked and made a plan, before its source is read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from interp.ablation import parse_ablation, parse_component, parse_method
from interp.circuits.scores import HOWS
from interp.errors import PuzzlescopeError, brief
from interp.machine import own_version
from interp.model import PuzzleGPT
from interp.pairs import check_kind
from interp.studies.plan import BATCH, CHUNK, Plan
from interp.studies.schema import MEASURED, measures_of, tables_of
from interp.studies.sources import check_generated, how_many, is_generated, request_of, wanted_of


@dataclass(frozen=True)
class Asked:
    """What is asked of a study.

    Attributes:
        components: what is ablated, one after the other, as ``L0.attn``; in studies of effects only.
        puzzles: ``generate:N`` or what :func:`interp.puzzles.load_puzzles` takes.
        model: what it was called.
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
    """

    components: Sequence[str] = ()
    puzzles: str = "bank"
    model: str = "default"
    limit: int | None = None
    base: str = ""
    method: str = "zero"
    seed: int = 0
    chunk: int = CHUNK
    kind: str = "effects"
    measures: str = MEASURED
    pairs: str = "rule"
    edges: str = "eap-ig"
    task: str | None = None
    structure: str | None = None


def planned(model: PuzzleGPT, asked: Asked) -> Plan:
    """The plan of what is asked: of a source that is read, ``n`` and ``source_hash`` are not known yet.

    Raises:
        PuzzlescopeError: if something of it cannot be.
    """
    _check_numbers(asked)
    tables_of(asked.kind)
    of_effects, of_edges = asked.kind == "effects", asked.kind == "edges"
    drawn = is_generated(asked.puzzles)
    plan = Plan(
        puzzles=asked.puzzles,
        n=how_many(asked.puzzles) if drawn else 0,
        seed=asked.seed,
        source_hash="",
        model=asked.model,
        checkpoint=model.checkpoint_id,
        components=tuple(parse_component(one, model.cfg).text for one in asked.components if of_effects),
        base=parse_ablation(asked.base, model.cfg).text,
        method=parse_method(asked.method if of_effects else "zero", "method").text,
        chunk=asked.chunk,
        code=own_version(),
        kind=asked.kind,
        measures=measures_of(asked.measures) if of_effects else (),
        pairs=asked.pairs if of_edges else "",
        edges=asked.edges if of_edges else "",
        task=asked.task or "",
        structure=asked.structure or "",
        limit=asked.limit or 0,
    )
    wanted_of(plan)
    if drawn:
        check_generated(plan)
    _check_kind(plan)
    return plan if drawn else replace(plan, request=request_of(plan))


def _check_numbers(asked: Asked) -> None:
    if asked.chunk < BATCH or asked.chunk % BATCH:
        raise PuzzlescopeError(f"A chunk has a multiple of {BATCH} puzzles, got {asked.chunk}.")
    if asked.seed < 0:
        raise PuzzlescopeError(f"Expected a seed of at least 0, got {asked.seed}.")
    if asked.limit is not None and asked.limit < 1:
        raise PuzzlescopeError(f"A limit is at least 1 puzzle, got {asked.limit}.")


def _check_kind(plan: Plan) -> None:
    """See that a plan has what its kind of study takes."""
    if plan.kind == "effects" and not plan.components:
        raise PuzzlescopeError("There is no component to ablate: choose at least one.")
    if plan.kind != "edges":
        return
    if plan.edges not in HOWS:
        raise PuzzlescopeError(f"Edges are scored by one of {', '.join(HOWS)}, got '{brief(plan.edges)}'.")
    if plan.base:
        raise PuzzlescopeError("Edges are scored in the whole model: leave out what is to be ablated.")
    if not plan.pairs_from_file:
        check_kind(plan.pairs)
    elif plan.puzzles != plan.pairs:
        raise PuzzlescopeError(
            f"The puzzles of a file of pairs are their bases: leave out '{brief(plan.puzzles)}'."
        )
    elif plan.task or plan.structure or plan.limit:
        raise PuzzlescopeError("A file of pairs is studied whole: leave out task, structure and limit.")
