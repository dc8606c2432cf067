"""One of every question that can be asked of a model, and whether two results say the same."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from torch import Tensor

from interp.ablation import Component, ReferenceMeans, parse_ablation, parse_method
from interp.analyses.ablation_sweep import Sweep
from interp.analyses.activation_patching import Patching
from interp.analyses.attention import AttentionOf, layer_attention
from interp.analyses.composition import CompositionScores
from interp.analyses.direct_attribution import AttributionOf
from interp.analyses.failures import Failure
from interp.analyses.head_roles import HeadRoles
from interp.analyses.head_study import HeadStudyOf
from interp.analyses.logit_lens import LensOf
from interp.analyses.lookback import LookbackScores
from interp.analyses.notebook.experiments import copy_circuit
from interp.analyses.notebook.published import BlanksMasked
from interp.analyses.pair_patching import PairPatching
from interp.analyses.path_ablation import PathAblation
from interp.analyses.prediction import PredictionOf
from interp.analyses.question import Question
from interp.analyses.synergy import Synergy
from interp.circuits.cells import CellEffectsOf, CellGraphOf, CellTarget
from interp.circuits.finder import Target
from interp.circuits.graph import Edge
from interp.circuits.questions import AnswerWithout, CertificateOf, CircuitOf, EdgeEffects
from interp.circuits.questions.sample import Pairs
from interp.engine.predict import losses, predict
from interp.model import PuzzleGPT
from interp.pairs import pair_for
from interp.puzzles import Puzzle, PuzzleSet, load_puzzles
from interp.studies.cost import Rate, RateOf
from interp.tokens import STRUCTURES
from interp.why.interventions.questions import LooksElsewhere, OneSide, PointerShift
from interp.why.questions import CellSplitOf, PhaseOf, ReasonOf, SplitOf, SplitsOf
from interp.why.readers import EdgesFrom
from tests.support.models import SMALL

FIRST, SECOND = load_puzzles("bank", task="frame").filter(structure=STRUCTURES[0])[:2]
OFF = parse_ablation("L0.attn:mean, L1.H2, L1.mlp:mean, L2.H1:lookback=100", SMALL)
MEAN = parse_method("mean")
SOURCE, HEAD = Component(0, "head", 1), Component(1, "head", 2)
PAIR = Pairs("rule", puzzle=load_puzzles("bank").find("cffa39f1fc"))  # whose ends the small model tells apart
EAP = EdgeEffects(PAIR, "eap")
EDGES = (Edge("embed", "L0.H1.v"), Edge("L0.H1", "logits"))

QUESTIONS: dict[str, Question[Any]] = {
    "prediction": PredictionOf(FIRST),
    "prediction, ablated": PredictionOf(FIRST, OFF),
    "attention": AttentionOf(FIRST, OFF, 1),
    "attribution": AttributionOf(FIRST, OFF),
    "lens": LensOf(FIRST, OFF),
    "look-backs": LookbackScores(FIRST, OFF, (1, 100), clamp=True),
    "look-backs, not clamped": LookbackScores(FIRST, distances=(1, 100)),
    "composition": CompositionScores(),
    "paths": PathAblation((FIRST, SECOND), SOURCE, OFF),
    "paths, mean": PathAblation((FIRST,), SOURCE, method=MEAN),
    "roles": HeadRoles((FIRST, SECOND), OFF),
    "study": HeadStudyOf((FIRST, SECOND), OFF),
    "patching": Patching(FIRST, SECOND, ablation=OFF),
    "patching of heads": Patching(FIRST, SECOND, "z"),
    "patching of MLPs": Patching(FIRST, SECOND, "mlp_out"),
    "patching between a pair's ends": PairPatching(pair_for(FIRST, "input"), ablation=OFF),
    "pairs of heads": Synergy((FIRST,), tuple(Component(0, "head", head) for head in range(3)), OFF),
    "failure": Failure(FIRST, most_cells=1, tries=4),
    "prediction, forced": PredictionOf(FIRST, OFF, ((7, 3), (50, 1))),
    "sweep": Sweep((FIRST, SECOND), base=OFF),
    "sweep, mean, of the answer": Sweep((FIRST, SECOND), method=MEAN, scope="answer"),
    "masked blanks": BlanksMasked(FIRST),
    "the graph of a cell": CellGraphOf(FIRST, 37, neurons=5),
    "what the graph of a cell predicts": CellEffectsOf(FIRST, 37, CellTarget(3, 0), MEAN),
    "edges": EAP,
    "a circuit": CircuitOf(EAP, Target("size", 20)),
    "its certificate": CertificateOf(EAP, EDGES, PAIR),
    "an answer without edges": AnswerWithout(PAIR, EDGES),
    "phases of a head": PhaseOf(HEAD),
    "scores of heads taken apart": SplitsOf((FIRST,)),
    "scores of a head taken apart": SplitOf((FIRST, SECOND), HEAD, 100),
    "a score taken apart": CellSplitOf(FIRST, HEAD, 350, 250),
    "exact edges of one source": EdgesFrom(Pairs(n=1), SOURCE),
    "why a head looks there": ReasonOf((FIRST, SECOND), HEAD, 100),
    "a pointer shift": PointerShift((FIRST,), HEAD, 100, "keys"),
    "one side of a head": OneSide((FIRST, SECOND), HEAD, 100),
    "the rate of a study": RateOf(("attn",)),
    "a head elsewhere": LooksElsewhere((FIRST,), HEAD, 100, (3,), (60,)),
}

TOKENS = PuzzleSet("two", (FIRST, SECOND)).tokens


def _with_a_hook(model: PuzzleGPT, means: ReferenceMeans | None) -> Any:
    """As a user sets one: then the model's own forward pass is taken."""
    with model.hooks(fwd_hooks=[("blocks.0.hook_resid_post", lambda found, hook: found * 0.5)]):
        return predict(model, TOKENS, OFF, means), losses(model, TOKENS, OFF, means)


def _looked_at(model: PuzzleGPT, means: ReferenceMeans | None) -> Any:
    logits, cache = model.run_with_cache(model.prompt(TOKENS))
    return logits, dict(cache), model(model.prompt(TOKENS), return_type="loss")


CALLS: dict[str, Callable[[PuzzleGPT, ReferenceMeans | None], Any]] = {
    "a hook of a user's": _with_a_hook,
    "the cache": _looked_at,
    "one head's attention": lambda model, means: layer_attention(model, FIRST.tokens, 1, OFF, means),
    "the copy circuit": lambda model, means: copy_circuit(model, TOKENS),
}
"""What is computed besides."""


def answer(question: Question[Any], model: PuzzleGPT, means: ReferenceMeans | None) -> Any:
    """What comes out in the end."""
    steps = question.steps(model, means)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Where two results differ by more than rounding."""
    if isinstance(one, Rate):  # a time, which is another whenever it is measured
        return [] if one.components == other.components else [f"{where}: other components"]
    if is_dataclass(one) and not isinstance(one, type):
        return [
            found
            for field in fields(one)
            for found in differences(
                getattr(one, field.name), getattr(other, field.name), f"{where}.{field.name}"
            )
        ]
    if isinstance(one, Mapping):
        pairs = [(key, one[key], other[key]) for key in one] if one.keys() == other.keys() else None
        if pairs is None:
            return [f"{where}: other keys"]
        return [found for key, a, b in pairs for found in differences(a, b, f"{where}[{key}]")]
    if isinstance(one, list | tuple) and len(one) == len(other):
        return [
            found
            for k, (a, b) in enumerate(zip(one, other, strict=True))
            for found in differences(a, b, f"{where}[{k}]")
        ]
    if isinstance(one, Tensor):
        one, other = one.cpu().numpy(), other.cpu().numpy()
    if isinstance(one, np.ndarray | float):
        close = np.allclose(one, other, rtol=1e-3, atol=1e-4, equal_nan=True)
        return [] if close else [f"{where}: {one} and {other}"]
    if hasattr(one, "__dict__") and not isinstance(one, type | Puzzle):
        return differences(vars(one), vars(other), where)
    return [] if one == other else [f"{where}: {one!r} and {other!r}"]
