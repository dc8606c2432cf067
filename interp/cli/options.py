"""The program that commands join, and the options that several of them have."""

from contextvars import ContextVar
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from interp.ablation import METHODS

# Typer carries a copy of click and shows only some of its errors; this is the one that all misuse is.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]


def size_option(usual: int) -> Any:
    """An option that stands at its usual value, or at that of the model to be continued."""
    return typer.Option(show_default=f"{usual}, or as in --from")


app = typer.Typer(
    help="Take apart small GPTs that solve grid puzzles.",
    epilog="Exit codes: 0 done, 2 not possible as asked (a sentence says why), 130 stopped by Ctrl-C, 143 by"
    " SIGTERM.",
    no_args_is_help=False,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

PuzzlesOption = Annotated[
    str,
    typer.Option(
        "--puzzles",
        help="bank, FILE.npz, .json, .jsonl or .parquet (or .gz of it), collection:NAME, own.… of a link, or"
        " hub[:REPO].",
    ),
]
ModelOption = Annotated[
    str, typer.Option("--model", help="default, a folder, FILE.pth, or hub:REPO/FILE.pth.")
]
TaskOption = Annotated[str | None, typer.Option("--task", help="Only puzzles of this task.")]
StructureOption = Annotated[
    str | None, typer.Option("--structure", help="Only this order of the grids, as 'X f(X) Y f(Y)'.")
]
PlaceOption = Annotated[
    str | None, typer.Option("--place", help="Put smaller grids of ARC at the top-left or centre.")
]
LimitOption = Annotated[int | None, typer.Option("--limit", help="At most this many puzzles.")]
AblateOption = Annotated[str, typer.Option("--ablate", help="What is ablated, as in L1-5.attn,L0.H3:mean.")]
MethodOption = Annotated[
    str,
    typer.Option(
        "--method",
        help=f"How each component is ablated: {', '.join(method.form() for method in METHODS)}.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print JSON; a number that is not finite is null in it.")
]
OutOption = Annotated[
    str | None,
    typer.Option(
        "--out", help="Write the JSON to this file, whole or not at all; one that is there is replaced."
    ),
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Write over a model, a README.md and the like that are there.")
]


_SAID: ContextVar[frozenset[str]] = ContextVar("said", default=frozenset())


class Noting(TyperCommand):
    """A command that knows which of its options stand on the command line (:func:`is_said`)."""

    def invoke(self, ctx: Any) -> Any:
        """Run it."""
        told = ((name, ctx.get_parameter_source(name)) for name in ctx.params)
        _SAID.set(
            frozenset(name for name, source in told if source is not None and source.name == "COMMANDLINE")
        )
        return super().invoke(ctx)


def is_said(name: str) -> bool:
    """Whether an option of the command at work, a :class:`Noting`, stands on the command line, be it at its
    usual value."""
    return name in _SAID.get()
