"""``edges``: what every connection between components is worth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from interp.checkpoints import load_model
from interp.circuits.attribution import STEPS, attribute_edges, check_pairs
from interp.circuits.exact import exact_edges
from interp.circuits.scores import HOWS, Agreement, EdgeScores, agreement
from interp.circuits.writes import Fill
from interp.cli.circuits.begun import Begun
from interp.cli.circuits.choices import (
    FillOption,
    PairsOption,
    PairsTaskOption,
    check_counts,
    checked_fill,
    chosen_pairs,
)
from interp.cli.inputs import counted
from interp.cli.options import JsonOption, ModelOption
from interp.cli.printing import checked, print_table, say_result
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.numbers import number
from interp.outputs import strict_json, write_whole
from interp.pairs import Pair
from interp.puzzles import load_puzzles
from interp.resumable import Steps

SHOWN = 24
ENDINGS = (".parquet", ".csv", ".json")


def edges(
    task: PairsTaskOption = None,
    pairs: PairsOption = "rule",
    method: Annotated[str, typer.Option("--method", help=" | ".join(HOWS))] = "eap-ig",
    n: Annotated[int, typer.Option("--n", "-n", help="At most so many pairs.")] = 16,
    model: ModelOption = "default",
    fill: FillOption = "pair",
    steps: Annotated[int, typer.Option("--steps", help="Of eap-ig: runs between the two ends.")] = STEPS,
    attention: Annotated[
        bool, typer.Option("--attention", help="Score edges into queries and keys by the changed pattern.")
    ] = False,
    first_only: Annotated[
        bool, typer.Option("--first-only", help="At the first cell in which the answers differ only.")
    ] = False,
    against_exact: Annotated[
        bool, typer.Option("--against-exact", help="Say how well the estimate agrees with exact effects.")
    ] = False,
    out: Annotated[
        str | None, typer.Option("--out", help="FILE.parquet, .csv or .json; one that is there is replaced.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """What every edge from a writer to a reader is worth for the difference of logits between the two ends of
    pairs: by how much that falls when the edge alone is cut. Estimated (eap, eap-ig) or exact, which takes
    half a minute a pair or more: with --out what is done is kept beside the file, and the same command goes
    on where it was stopped."""
    path = checked(out, ENDINGS)
    cut = checked_fill(fill)
    _check(method, n, steps)
    chosen = chosen_pairs(pairs, task)[:n]
    check_pairs(chosen)
    net, exact = load_model(model), method == "exact"
    scoring = _Scoring(net, chosen, cut, first_only, quiet=as_json)
    begun = Begun(path if exact or against_exact else None, net, chosen, fill=cut, first_only=first_only)
    scores = scoring.exact(begun) if exact else scoring.estimated(method, steps, attention)
    agrees = agreement(scores, scoring.exact(begun)) if against_exact and not exact else None
    _report(scores, agrees, path, as_json, net.checkpoint_id)
    begun.remove()


@dataclass(frozen=True)
class _Scoring:
    """What is the same however edges are scored."""

    net: PuzzleGPT
    pairs: Sequence[Pair]
    fill: Fill
    first_only: bool
    quiet: bool

    def exact(self, begun: Begun) -> EdgeScores:
        found = exact_edges.steps(
            self.net,
            self.pairs,
            first_only=self.first_only,
            fill=self.fill,
            bank=load_puzzles("bank"),
            known=begun.scores,
        )
        with begun.said():
            return self._counted(found, "exact", lambda news: begun.keep())

    def estimated(self, method: str, steps: int, attention: bool) -> EdgeScores:
        found = attribute_edges.steps(
            self.net,
            self.pairs,
            steps=steps if method == "eap-ig" else 0,
            attention=attention,
            first_only=self.first_only,
            fill=self.fill,
            bank=load_puzzles("bank"),
        )
        return self._counted(found, method)

    def _counted(
        self,
        steps: Steps[EdgeScores, EdgeScores],
        how: str,
        after: Callable[[EdgeScores], None] = lambda news: None,
    ) -> EdgeScores:
        """The scores, the pairs counted on a terminal.

        Args:
            after: called after every pair with the scores so far.
        """
        what, n = f"scoring edges ({how})", len(self.pairs)
        found: EdgeScores = counted(steps, what, total=n, quiet=self.quiet, after=after)
        return found


def _check(method: str, n: int, steps: int) -> None:
    """Raise :class:`PuzzlescopeError` for an option that cannot be."""
    if method not in HOWS:
        raise PuzzlescopeError(f"No method '{method}': expected one of {', '.join(HOWS)}.")
    check_counts(n=n, steps=steps)


def _report(
    scores: EdgeScores, agrees: Agreement | None, path: Path | None, as_json: bool, checkpoint: str
) -> None:
    """Put scores where they were asked for; onto the terminal, if the file cannot be written after all.

    Args:
        checkpoint: the id of the model's weights.
    """
    result, failed = _as_json(scores, agrees), None
    if path is not None:
        try:
            write_whole(path, _file(path, scores, result, checkpoint))
        except PuzzlescopeError as error:
            failed = error
    if as_json or failed:
        say_result(strict_json(result))
    else:
        _print(scores, agrees, path)
    if failed:
        raise PuzzlescopeError(f"{failed} The result was printed as JSON instead.") from failed


def _as_json(scores: EdgeScores, agrees: Agreement | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "method": scores.how,
        "fill": scores.fill,
        "pairs": scores.pairs,
        "clean": scores.clean,
        "empty": scores.empty,
        "edges": [{"from": edge.writer, "to": edge.reader, "score": one} for edge, one in scores.ranking()],
    }
    if agrees is not None:
        shares = {f"{share:.0%}": own for share, own in agrees.overlap.items()}
        found["against_exact"] = {"spearman": agrees.spearman, "overlap": shares}
    return found


def _file(path: Path, scores: EdgeScores, result: dict[str, Any], checkpoint: str) -> bytes | str:
    if path.suffix == ".json":
        return strict_json(result) + "\n"
    rows = scores.frame(checkpoint)
    if path.suffix == ".csv":
        return rows.to_csv(index=False)
    found: bytes = rows.to_parquet(index=False)
    return found


def _print(scores: EdgeScores, agrees: Agreement | None, path: Path | None) -> None:
    if path is None:
        ranking = scores.ranking()
        print_table(
            ("from", "to", "score"),
            [(edge.writer, edge.reader, number(one, "+.4f")) for edge, one in ranking[:SHOWN]],
        )
        if len(ranking) > SHOWN:
            say_result(f"... and {len(ranking) - SHOWN:,} more: --out or --json gives them all.")
    else:
        say_result(f"Wrote {scores.graph.n_edges:,} edges to {path}.")
    say_result(scores.summary())
    if agrees is not None:
        told = ", ".join(f"{own:.0%} of the top {share:.0%}" for share, own in agrees.overlap.items())
        say_result(f"Against exact effects: rank correlation {agrees.spearman:.3f}; the same are {told}.")
