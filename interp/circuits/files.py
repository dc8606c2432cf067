"""The file that a circuit is kept in: JSON, with all that is needed to certify it anew.

An object of these; others beside them are left alone::

    version        of Puzzlescope, that wrote it
    model          {"name": as load_model takes it, "checkpoint": the id of its weights}
    fill           what edges outside read: pair | mean | resample | zero
    seed           what was drawn at random was drawn with, a whole number from 0 to 2**32 - 1
    target         {"kind": "size" | "faithfulness" | "solved", "amount": a number}
    by             "edges" | "nodes": of these it has all edges, as far as they are on paths
    pairs          {"found_by": [...], "held_out": [...], "more": [...]}, each {"base", "counterfactual",
                   "kind", "task", "variable"}, the two puzzles as the text of a link
                   (interp.puzzles.spelling); more: on which only answers are counted, may be left out
    edges          [{"from": "L1.H5", "to": "L3.H2.k", "score": what it was worth}, ...], each once, all on
                   paths from the embedding to the logits
    n_edges        how many
    faithfulness   over the pairs by which it was found
    text           the same edges as text (interp.circuits.text)
    scores         {"how": "exact" | "eap" | "eap-ig", or "from FILE" where a table did not say that,
                   "pairs": over how many, 0 where that is not known, "signed": whether edges were
                   taken by score and not by absolute score, "anew": whether they were scored for the
                   certificate only (it may be left out), "edges": of all edges of the model to seven digits,
                   in the order of Graph.edges}: by which the circuit was found, or, anew, what stands in for
                   that; left out where it is not known

and of its certificate (:func:`interp.circuits.certificate.certificate_json`), of which only ``stability`` is
read: all else is measured anew. The HTML file of a circuit (:mod:`interp.figures.circuit.page`) holds the
same object. A file comes from a stranger: what is not as it should be is told in one sentence that names the
place, and what cannot be looked into is told as what the file says.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn, cast, get_args

import numpy as np
from jaxtyping import Float

from interp.circuits.attribution import check_pairs
from interp.circuits.certificate import Stability
from interp.circuits.finder import ROUNDING, By, Circuit, Kept, Target, check_size
from interp.circuits.graph import Graph, connected
from interp.circuits.scores import FROM, HOWS, MOST_LOGITS, MOST_SCORED, EdgeScores, How
from interp.circuits.text import edges_text
from interp.circuits.writes import FILLS, Fill
from interp.errors import PuzzlescopeError, brief
from interp.export.tables import VERSION
from interp.model import PuzzleGPT
from interp.outputs import reason
from interp.pairs import KINDS, Kind, Pair
from interp.pairs.files import LONGEST_VARIABLE
from interp.puzzles.spelling import read_spelled, spelled

PAGE = b"<!doctype html>"
"""How an HTML file begins."""
WITHIN = "circuit"
"""The id of the element in it that holds the circuit."""
LARGEST = 16 << 20
"""Bytes: more than any circuit's file has."""
MOST_PAIRS = 4096
MOST_SEED = 1 << 32
DIGITS = 7
"""Of the scores of all edges, which are computed to no more: a third of what all digits would take."""
TARGETS = ("size", "faithfulness", "solved")


@dataclass(frozen=True, eq=False)
class Record:
    """A circuit, and how it came about.

    Attributes:
        circuit: its edges, and its faithfulness over ``found_by``.
        scores: of its edges; 0 elsewhere.
        model: its name.
        checkpoint: the id of its weights.
        found_by, held_out: the pairs that it was found by, and those that it was held against.
        fill: what edges outside read.
        seed: what was drawn at random was drawn with.
        target: what it was found for.
        order: the scores of all edges, by which it was found; ``None`` where they are not known.
        signed: its edges were taken by score, not by absolute score.
        stable: what its certificate says of other pairs, which no certificate changes.
        more: further pairs held out, on which only answers were counted.
        anew: it was not found by ``order``, which was scored for its certificate.
    """

    circuit: Circuit
    scores: Float[np.ndarray, "reader writer"]
    model: str
    checkpoint: str
    found_by: tuple[Pair, ...]
    held_out: tuple[Pair, ...]
    fill: Fill
    seed: int
    target: Target
    order: EdgeScores | None = None
    signed: bool = False
    stable: Stability | None = None
    more: tuple[Pair, ...] = ()
    anew: bool = False


def record_json(record: Record, certificate: Mapping[str, Any]) -> dict[str, Any]:
    """The object of a file.

    Args:
        certificate: as :func:`interp.circuits.certificate.certificate_json` gives it.
    """
    circuit = record.circuit
    edges = [
        {"from": edge.writer, "to": edge.reader, "score": float(record.scores[circuit.graph.place(edge)])}
        for edge in circuit.edges
    ]
    return {
        "edges": sorted(edges, key=lambda edge: -abs(cast(float, edge["score"]))),
        "n_edges": len(edges),
        "parts": list(circuit.parts),
        "faithfulness": circuit.faithfulness,
        **certificate,
        "text": edges_text(circuit.kept, circuit.graph),
        "version": VERSION,
        "model": {"name": record.model, "checkpoint": record.checkpoint},
        "fill": record.fill,
        "seed": record.seed,
        "target": {"kind": record.target.kind, "amount": record.target.amount},
        "by": circuit.by,
        **_scores_json(record),
        "pairs": {
            "found_by": [_pair_json(pair) for pair in record.found_by],
            "held_out": [_pair_json(pair) for pair in record.held_out],
            **({"more": [_pair_json(pair) for pair in record.more]} if record.more else {}),
        },
    }


def _scores_json(record: Record) -> dict[str, Any]:
    order = record.order
    if order is None:
        return {}
    values = [float(f"{one:.{DIGITS}g}") for one in order.values.tolist()]
    own = {"how": order.made, "pairs": order.pairs, "signed": record.signed, "anew": record.anew}
    return {"scores": {**own, "edges": values}}


def _pair_json(pair: Pair) -> dict[str, str]:
    ends = {"base": spelled(pair.base), "counterfactual": spelled(pair.counterfactual)}
    return {**ends, "kind": pair.kind, "task": pair.task, "variable": pair.variable}


def read_record(path: str | Path, model: PuzzleGPT) -> Record:
    """The circuit of a file.

    Raises:
        PuzzlescopeError: naming the file and the place, if it holds none, or one of another model.
    """
    name = brief(Path(path).name or str(path))
    try:
        return _record(_loaded(Path(path)), model)
    except PuzzlescopeError as error:
        raise PuzzlescopeError(
            f"{name} is no file of a circuit as `python -m interp circuit --out` writes it for this model:"
            f" {error}"
        ) from error


def _loaded(path: Path) -> dict[str, Any]:
    try:
        if not path.is_file():
            _refuse("there is no such file.")
        with path.open("rb") as opened:
            data = opened.read(LARGEST + 1)
        if len(data) > LARGEST:
            _refuse(f"it has more than {LARGEST >> 20} MB.")
        if data.startswith(PAGE):
            data = _within(data)
        found = json.loads(data, parse_constant=_not_finite, object_pairs_hook=_once)
    except RecursionError:
        _refuse("it is nested beyond all reason.")
    except OSError as error:
        _refuse(f"{reason(error)}.")
    except ValueError:
        _refuse("it is not JSON.")
    if not isinstance(found, dict):
        _refuse(f"expected an object, got {_kind(found)}.")
    return found


def _within(page: bytes) -> bytes:
    """The object in a circuit's HTML file."""
    _, begin, rest = page.partition(f'<script type="application/json" id="{WITHIN}">'.encode())
    if not begin:
        _refuse("it is a page without a circuit and its certificate.")
    return rest.partition(b"</script>")[0]


def _record(found: dict[str, Any], model: PuzzleGPT) -> Record:
    graph = Graph(model.cfg)
    named = _get(found, "model", dict)
    checkpoint = _get(named, "checkpoint", str, "model.")
    if checkpoint != model.checkpoint_id:
        _refuse(
            f"it is of the model '{brief(_get(named, 'name', str, 'model.'))}' with the weights"
            f" {brief(checkpoint, 12)}, and this one's are {brief(model.checkpoint_id, 12)}."
        )
    by = _one_of(found, "by", get_args(By))
    target = _target(_get(found, "target", dict))
    total, kept = _edges(_get(found, "edges", list), graph)
    if _get(found, "n_edges", int) != kept.sum():
        _refuse(f"'n_edges' is {found['n_edges']}, and there are {kept.sum()} edges.")
    _check_kept(graph, kept, cast(By, by))
    seed = _whole(found, "seed", MOST_SEED - 1)
    pairs = _get(found, "pairs", dict)
    circuit = Circuit(graph, kept, _number(found, "faithfulness"), cast(By, by))
    check_size(circuit, target)
    fill = cast(Fill, _one_of(found, "fill", tuple(FILLS)))
    order, signed, anew = _scores(found, graph, fill)
    found_by, held_out = _pairs(pairs, "found_by"), _pairs(pairs, "held_out")
    more = _pairs(pairs, "more") if "more" in pairs else ()
    return Record(
        circuit,
        total,
        _get(named, "name", str, "model."),
        checkpoint,
        found_by,
        held_out,
        fill,
        seed,
        target,
        order,
        signed,
        _stable(found),
        more,
        anew,
    )


def _scores(found: dict[str, Any], graph: Graph, fill: Fill) -> tuple[EdgeScores | None, bool, bool]:
    """The scores of all edges, if they are there, whether edges were taken by them as they are, and whether
    they were scored for the certificate."""
    if "scores" not in found:
        return None, False, False
    own, where = _get(found, "scores", dict), "scores."
    made, pairs = _get(own, "how", str, where), _whole(own, "pairs", MOST_SCORED, where)
    file = brief(made.removeprefix(FROM)) if made.startswith(FROM) else ""
    how = None if file else cast(How, _one_of(own, "how", tuple(HOWS), where))
    values = _get(own, "edges", list, where)
    if len(values) != graph.n_edges:
        _refuse(f"'scores.edges' has {len(values):,} numbers, and this model {graph.n_edges:,} edges.")
    total = np.zeros(graph.possible.shape)
    total[graph.possible] = [_score(one, f"scores.edges, number {n}") for n, one in enumerate(values, 1)]
    scores = EdgeScores(graph, total, None, how, fill, pairs, 0.0, 0.0, file=file)
    anew = "anew" in own and _get(own, "anew", bool, where)
    return scores, _get(own, "signed", bool, where), anew


def _stable(found: dict[str, Any]) -> Stability | None:
    if "stability" not in found:
        return None
    own, where = _get(found, "stability", dict), "stability."
    draws = _whole(own, "draws", MOST_SCORED, where)
    mean, least = _number(own, "mean", where), _number(own, "least", where)
    if not (draws and 0 <= least <= mean + ROUNDING and mean <= 1 + ROUNDING):
        _refuse(
            "'stability' expects draws from 1 on, and of their Jaccard indices the mean and the least, from 0"
            f" to 1, got {draws}, {mean:g} and {least:g}."
        )
    return Stability(draws, mean, least, by_file=True)


def _check_kept(graph: Graph, kept: Kept, by: By) -> None:
    """Raise :class:`PuzzlescopeError` unless these edges are a circuit."""
    if not kept.any():
        _refuse("it holds no edges.")
    if idle := graph.listed(kept & ~connected(graph, kept)):
        _refuse(
            f"expected edges on paths from the embedding to the logits, got {len(idle)} of {kept.sum()} on no"
            f" path, such as {idle[0].text}: take these out."
        )
    if by == "nodes":
        made_of = np.append(True, kept[:, 1:].any(0))
        if missing := graph.listed(connected(graph, graph.possible & made_of) & ~kept):
            _refuse(
                f"'by' is nodes, and of all edges between its heads and MLPs {len(missing)} are missing, such"
                f" as {missing[0].text}: with single edges it is edges."
            )


def _edges(rows: list[Any], graph: Graph) -> tuple[np.ndarray, np.ndarray]:
    total, kept = np.zeros(graph.possible.shape), np.zeros_like(graph.possible)
    for number, row in enumerate(rows, start=1):
        where = f"edge {number}: "
        if not isinstance(row, dict):
            _refuse(f"{where}expected an object, got {_kind(row)}.")
        try:
            place = graph.place(graph.edge(_get(row, "from", str, where), _get(row, "to", str, where)))
        except PuzzlescopeError as error:
            _refuse(f"{'' if str(error).startswith(where) else where}{error}")
        if kept[place]:
            _refuse(f"{where}it is named twice.")
        kept[place] = True
        total[place] = _score(row.get("score"), f"{where}'score'")
    return total, kept


def _target(found: dict[str, Any]) -> Target:
    kind = _one_of(found, "kind", TARGETS, "target.")
    return Target(kind, _number(found, "amount", "target."))  # type: ignore[arg-type]


def _pairs(found: dict[str, Any], name: str) -> tuple[Pair, ...]:
    rows = _get(found, name, list, "pairs.")
    if len(rows) > MOST_PAIRS:
        _refuse(f"'pairs.{name}' has {len(rows):,} pairs, and {MOST_PAIRS:,} are the most.")
    return tuple(_pair(row, f"pairs.{name}, pair {number}: ") for number, row in enumerate(rows, start=1))


def _pair(row: Any, where: str) -> Pair:
    if not isinstance(row, dict):
        _refuse(f"{where}expected an object, got {_kind(row)}.")
    kind = _one_of(row, "kind", tuple(KINDS), where)
    texts = [_get(row, name, str, where) for name in ("task", "variable")]
    if any(len(text) > LONGEST_VARIABLE or not text.isprintable() for text in texts):
        _refuse(f"{where}expected 'task' and 'variable' to be short texts on one line.")
    try:
        ends = [read_spelled(_get(row, name, str, where)) for name in ("base", "counterfactual")]
        pair = Pair(ends[0], ends[1], cast(Kind, kind), texts[0], texts[1])
        check_pairs([pair])
    except PuzzlescopeError as error:
        _refuse(f"{'' if str(error).startswith(where) else where}{error}")
    return pair


# ---- values ------------------------------------------------------------------------------------------------


def _refuse(fault: str) -> NoReturn:
    raise PuzzlescopeError(fault)


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        _refuse("an object in it has one name twice.")
    return found


def _not_finite(text: str) -> NoReturn:
    _refuse(f"it holds {text}, which is no number of JSON.")


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _get(found: dict[str, Any], name: str, kind: type, where: str = "") -> Any:
    """A value that must be there and of this kind."""
    if name not in found:
        _refuse(f"{where}'{name}' is missing.")
    value = found[name]
    if type(value) is not kind:
        names = {
            dict: "an object",
            list: "a list",
            str: "a text",
            int: "a whole number",
            bool: "true or false",
        }
        _refuse(f"{where}'{name}' expects {names[kind]}, got {_kind(value)}.")
    return value


def _number(found: dict[str, Any], name: str, where: str = "") -> float:
    return _finite(found.get(name), f"{where}'{name}'")


def _whole(found: dict[str, Any], name: str, most: int, where: str = "") -> int:
    value: int = _get(found, name, int, where)
    if not 0 <= value <= most:
        _refuse(f"{where}'{name}' expects a whole number from 0 to {most}, got {brief(value, 20)}.")
    return value


def _score(value: Any, what: str) -> float:
    """What an edge is worth."""
    found = _finite(value, what)
    if abs(found) > MOST_LOGITS:
        _refuse(f"{what} expects logits, at most {MOST_LOGITS:,} of either sign, got {found:g}.")
    return found


def _finite(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        _refuse(f"{what} expects a finite number, got {brief(value, 20)}.")
    return float(value)


def _is_finite(value: int | float) -> bool:
    try:
        return isfinite(value)
    except OverflowError:  # a whole number of hundreds of digits
        return False


def _one_of(found: dict[str, Any], name: str, known: Sequence[str], where: str = "") -> str:
    value: str = _get(found, name, str, where)
    if value not in known:
        _refuse(f"{where}'{name}' expects one of {', '.join(known)}, got '{brief(value)}'.")
    return value
