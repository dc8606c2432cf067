"""What one can choose on the page of the circuits, and how it stands in its link."""

from app.state import texts
from app.state.link import LONGEST_BACK, Context, Parameter, one_of
from app.state.session import choose, chosen
from app.state.sights import Sight, Sights, see
from app.views.shared.pairs import DRAW
from app.widgets.pair import KINDS as PAIR_KINDS
from app.widgets.patching import DETAILS, KINDS, OVERS, WAYS, Patching
from interp.analyses.activation_patching import EVERYWHERE, Edit
from interp.analyses.readers import HEAD_INPUTS
from interp.errors import PuzzlescopeError, brief
from interp.grids import CELLS, N_COLORS, SIZE
from interp.tokens import D_VOCAB

PAGE = "circuits"

VIEWS = {
    "readers": "Composition and path ablation",
    "lens": "Logit lens",
    "attribution": "Direct logit attribution",
    "graph": "Attribution graph",
    "patching": "Activation patching",
}


def _source(text: str, context: Context) -> str | Edit | None:
    """``pair`` for this puzzle's counterfactual; the id of a puzzle; or an edit of this one, such as
    ``g3r2c5-7``: grid, row, column, new colour."""
    place, _, color = text.partition("-")
    if not color:
        return text[:40] or None
    cell = next((cell for cell in range(3 * CELLS) if texts.cell_text(cell) == place), None)
    if cell is not None and color in map(str, range(N_COLORS)):
        grid, index = divmod(cell, CELLS)
        return Edit(grid, *divmod(index, SIZE), int(color))
    raise PuzzlescopeError(f"Expected pair, a puzzle's id or an edit such as g3r2c5-7, got '{brief(text)}'.")


def _written(source: str | Edit | None) -> str:
    if isinstance(source, Edit):
        return f"{texts.cell_text(CELLS * source.place + SIZE * source.row + source.column)}-{source.color}"
    return source or ""


def _any(text: str, context: Context) -> str:
    """Names of components and places, which are looked up where they are shown: what is not there is passed
    over."""
    return text[:40]


def _back(text: str, context: Context) -> str:
    """What was chosen on the page of the graph that one came from: that page reads it as if a stranger had
    written it."""
    return text if len(text) <= LONGEST_BACK else ""


SIGHTS: Sights = {
    "answer": Sight("the grids and the answer", ".st-key-circuits-strip"),
    "figure": Sight("the figure", ".st-key-circuits-figure"),
}
CHOICES = {
    **see(SIGHTS),
    "show": one_of(tuple(VIEWS), "readers", "view"),
    "source": Parameter(None, texts.component, lambda part: part.text, "component"),
    "input": one_of(HEAD_INPUTS, "k", "input of heads"),
    "part": Parameter("", _any),
    "toward": one_of((None, *range(D_VOCAB)), None, "token that is attributed"),
    "over": one_of((None, *range(D_VOCAB)), None, "token that it is compared with"),
    "lead": one_of(("runner-up", "centred", "pair"), "runner-up", "comparison"),
    "box": Parameter("", _any),
    "back": Parameter("", _back, words="way back to the graph"),
    "from": Parameter(None, _source, _written, "puzzle or edit that is patched from"),
    "pair": one_of(tuple(PAIR_KINDS), Patching.pair, "kind of pair"),
    "draw": DRAW,
    "way": one_of(tuple(WAYS), Patching.way, "direction of the patches"),
    "kind": one_of(tuple(KINDS), Patching.kind, "kind of patch"),
    "detail": one_of(tuple(DETAILS), Patching.detail, "detail of the patches"),
    "measured": one_of((None, *OVERS), None, "choice of measured cells"),
    "block": Parameter(EVERYWHERE.name, _any),
    "patch": Parameter("", _any),
}


def chosen_patching() -> Patching:
    """What is chosen to be patched."""
    own = chosen(PAGE)
    site, _, block = own["patch"].partition("@")
    return Patching(
        own["from"],
        own["pair"],
        own["draw"],
        own["way"],
        own["kind"],
        own["detail"],
        own["measured"],
        own["block"],
        (site, block) if block else None,
    )


def choose_patching(choice: Patching) -> None:
    """For widget callbacks."""
    marked = "@".join(choice.marked) if choice.marked else ""
    choose(
        PAGE,
        **{"from": choice.source},
        pair=choice.pair,
        draw=choice.seed,
        way=choice.way,
        kind=choice.kind,
        detail=choice.detail,
        measured=choice.over,
        block=choice.block,
        patch=marked,
    )
