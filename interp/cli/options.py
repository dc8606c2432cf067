"""The program that commands join, and the options that several of them have."""

from typing import Annotated, Any

import typer
from typer._click.globals import get_current_context  # what is given as a parameter is of no public type

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


def is_said(name: str) -> bool:
    """Whether an option of the command at work stands on the command line, be it at its usual value."""
    source = get_current_context().get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
