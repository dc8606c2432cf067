"""The terms that are explained on the pages, each in two lines; docs/glossary.md says more of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Term:
    """A term and what it means.

    Attributes:
        key: names it in a page.
        name: as docs/glossary.md calls it.
        phrases: how it reads in a sentence, longer ones first; lower case.
        text: what it means, in two lines.
    """

    key: str
    name: str
    phrases: tuple[str, ...]
    text: str


TERMS: Mapping[str, Term] = MappingProxyType(
    {
        term.key: term
        for term in (
            Term(
                "nats",
                "Nats",
                ("nats",),
                "The unit of the loss: minus the natural logarithm of the right token's probability. 0 is"
                " certain; 0.7 is a coin toss.",
            ),
            Term(
                "teacher-forced",
                "Teacher-forced",
                ("teacher-forced", "given the true cells before it", "each given the true ones before it"),
                "Each cell is predicted given the true cells before it, so one mistake does not lead to the"
                " next. The loss is measured so.",
            ),
            Term(
                "greedy",
                "Greedy",
                ("greedy decoding", "greedy"),
                "The model draws by itself: each cell is the likeliest token, given the cells that it drew"
                " before.",
            ),
            Term(
                "copied",
                "Copied / changed cells",
                ("copied cells", "changed cells"),
                "Cells of the answer that equal the same cell of the third grid only have to be copied; the"
                " others are changed by the rule.",
            ),
            Term(
                "easel",
                "Easel",
                ("easel",),
                "Where the four grids of a puzzle are painted. The solvers judge every stroke; the model"
                " answers it either way.",
            ),
            Term(
                "collection",
                "Collection",
                ("collections", "collection"),
                "Puzzles kept under a name, with notes: on this machine, or of one's own where people sign"
                " in.",
            ),
            Term(
                "markers",
                "Marker",
                ("markers", "marker"),
                "The token that begins each of the four grids and says which it is: X, f(X), Y or f(Y).",
            ),
            Term(
                "start",
                "Start token",
                ("start token",),
                "Token 0, before all grids. A head whose attention rests on it usually does nothing.",
            ),
            Term(
                "residual",
                "Residual stream",
                ("residual stream",),
                "The numbers at each position that every component reads from and adds to, from the embedding"
                " up to the logits.",
            ),
            Term(
                "layernorm",
                "LayerNorm",
                ("layernorm",),
                "Before a component reads the residual stream, it is centred and scaled to one length at each"
                " position.",
            ),
            Term(
                "logit",
                "Logit",
                ("logits", "logit"),
                "The model's score of a token. The softmax of all 15 gives their probabilities.",
            ),
            Term(
                "pattern",
                "Attention pattern",
                ("attention pattern", "patterns"),
                "For each head and position, how its attention is shared among the positions up to it; the"
                " shares sum to 1.",
            ),
            Term(
                "offset",
                "Attention offset",
                ("attention offset", "positions back", "one grid back"),
                "How many positions back a head looks: 1 is the token before, 100 the cell about to be"
                " predicted, one grid earlier.",
            ),
            Term(
                "role",
                "Head role",
                ("head roles", "head role", "a head has a role"),
                "A word for where a head looks: copy, previous token, cell above, rests on start ... At least"
                " half of its attention is there.",
            ),
            Term(
                "value-weighted",
                "Value-weighted",
                ("value-weighted", "value norm"),
                "Attention times the length of what is moved from there (its value through W_O): attention to"
                " a short value moves little.",
            ),
            Term(
                "component",
                "Component",
                ("component",),
                "What can be ablated: an attention layer (L1.attn), one of its heads (L1.H5), or an MLP"
                " (L0.mlp).",
            ),
            Term(
                "ablation",
                "Ablation",
                ("ablating it", "ablated", "ablation"),
                "A component's output is replaced: by nothing (zero), by its mean, by what it is in another"
                " run, by a constant; or its attention is fixed.",
            ),
            Term(
                "rank correlation",
                "Rank correlation",
                ("rank correlation",),
                "Whether two methods put the components in the same order (Spearman): 1 the same order, 0"
                " nothing to do with each other, -1 the reverse.",
            ),
            Term(
                "clean",
                "Clean run",
                ("clean run", "clean loss"),
                "The run of the model without any ablation, with which the others are compared.",
            ),
            Term(
                "effect",
                "Ablation effect",
                ("ablation effect",),
                "What becomes worse without a component: more cells broken, or a higher loss, than in the"
                " clean run.",
            ),
            Term(
                "conditional",
                "Conditional effect",
                ("given what is off", "from the whole model"),
                "What ablating a component costs given what is off, beside what it costs the whole model."
                " Where it costs more, it does the work of what is off.",
            ),
            Term(
                "synergy",
                "Synergy",
                ("synergy",),
                "What two components cost together beyond what each costs alone. Above 0 they replace one"
                " another; below 0 they are needed together.",
            ),
            Term(
                "composition",
                "Composition score",
                ("composition scores", "composition score", "composition"),
                "How much of what a component writes lies where a later one reads, compared with chance. From"
                " weights alone, for no puzzle.",
            ),
            Term(
                "path",
                "Path ablation",
                ("path ablation",),
                "A component's output is taken from what one later component reads, and from nothing else:"
                " what that one path carries.",
            ),
            Term(
                "pointer",
                "Pointer",
                ("pointers", "pointer"),
                "A head that looks a fixed number of positions back, by position alone, whatever stands"
                " there.",
            ),
            Term(
                "k-composition",
                "K-composition",
                ("k-composition",),
                "An earlier head wrote into the keys what a later one looks for: the usual way to an"
                " induction head.",
            ),
            Term(
                "q-composition",
                "Q-composition",
                ("q-composition",),
                "An earlier head wrote into the query where, or what, a later one should look for.",
            ),
            Term(
                "score",
                "Attention score",
                ("attention scores", "attention score", "scores of its keys"),
                "How well a key fits a query, a sum over what both read. The softmax of all scores is the"
                " pattern.",
            ),
            Term(
                "by-position",
                "By position / by content",
                ("position alone", "by position", "by content"),
                "What a writer writes at a position on average over puzzles in this order of grids, and what"
                " is left of it.",
            ),
            Term(
                "concordance",
                "Phase concordance",
                ("phase concordance", "concordance"),
                "How well a head's weights turn all waves of the position by the same number of positions:"
                " 1 is perfectly.",
            ),
            Term(
                "log-odds",
                "Log-odds",
                ("log-odds",),
                "Of a key: log of its share of the attention over all other keys' together. 0 is half, 4.6 is"
                " 99 %.",
            ),
            Term(
                "pointer-shift",
                "Pointer shift",
                ("pointer shift", "shift experiment"),
                "The query reads another position than it stands at. A pointer's attention moves by as much:"
                " slope 1.",
            ),
            Term(
                "dla",
                "Direct logit attribution",
                ("direct logit attribution", "direct logit contribution"),
                "The logits are a sum over what each component added to the residual stream, so each one's"
                " share can be read off.",
            ),
            Term(
                "attribution-graph",
                "Attribution graph",
                ("attribution graphs", "attribution graph"),
                "With patterns, LayerNorm scales and ReLU gates held, the model is a sum: what each part adds"
                " to a lead, and by way of what.",
            ),
            Term(
                "lens",
                "Logit lens",
                ("logit lens",),
                "The unembedding applied to the residual stream after each layer: what the model would answer"
                " if it stopped there.",
            ),
            Term(
                "counterfactual",
                "Counterfactual",
                ("counterfactual",),
                "This puzzle with one thing changed: the rule, the task, a rectangle of the third grid. Both"
                " answers are known.",
            ),
            Term(
                "contrast",
                "Contrast cells",
                ("contrast cells", "contrast cell"),
                "The cells in which the answers of a puzzle and its counterfactual differ: there a patch is"
                " measured.",
            ),
            Term(
                "faithfulness",
                "Faithfulness",
                ("faithfulness",),
                "Of the difference between a pair's ends, the share that a circuit keeps: 1 for the whole"
                " model, 0 for no edge.",
            ),
            Term(
                "eap-ig",
                "EAP-IG",
                ("eap-ig",),
                "Edge attribution patching: scores all edges by gradients, averaged over runs between the two"
                " ends of a pair.",
            ),
            Term(
                "confidence-interval",
                "95 % interval",
                ("95 % interval",),
                "Where the mean over all such puzzles probably lies: the mean of these and 1.96 standard"
                " errors on either side.",
            ),
            Term(
                "rate",
                "Rate of a study",
                ("rate of this machine",),
                "Puzzles that are computed in a second, each under every component. It is measured on a few"
                " before a study begins.",
            ),
            Term(
                "estimate",
                "Estimate of a cost",
                ("an estimate",),
                "The work of a study divided by the rate of one process, and its rows times their bytes."
                " Other work makes it slower.",
            ),
            Term(
                "noising",
                "Noising and denoising",
                ("denoising", "noising"),
                "Noising puts the other run's activations into this one's: what breaks was needed. Denoising"
                " restores: what mends is enough.",
            ),
            Term(
                "patching",
                "Activation patching",
                ("activation patching", "patching"),
                "An activation of another puzzle's run is put into this one's. If the answer becomes the"
                " other's, it was carried there.",
            ),
        )
    }
)
"""Every term by its key."""
