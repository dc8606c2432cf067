"""Experiments on a model, each an ablation with a name and what to look for: chosen by what its heads do and
by which of its layers costs most, with a control."""

import random
from collections.abc import Iterable, Mapping

from interp.ablation import Ablation, Component, Term, parse_ablation
from interp.analyses.experiments.experiment import Experiment
from interp.analyses.head_roles import Roles
from interp.analyses.notebook.experiments import copy_circuit_text
from interp.engine.answers import Prediction
from interp.model import Config
from interp.puzzles import Puzzle


def costliest_layer(puzzle: Puzzle, answers: Mapping[int, Prediction]) -> int:
    """The attention layer without which most cells of a puzzle's answer are wrong, each given the true cells
    before it; of equals, that with the largest loss.

    Args:
        answers: by layer, with the attention of that layer ablated.
    """
    truth = puzzle.grids[3].ravel()

    def cost(layer: int) -> tuple[int, float]:
        answer = answers[layer]
        return int((answer.teacher_forced[0] != truth).sum()), answer.loss.mean()

    return max(answers, key=cost)


def experiments(cfg: Config, roles: Roles, costliest: int, seed: str) -> list[Experiment]:
    """The experiments on one model.

    Args:
        cfg: its sizes.
        roles: of its heads.
        costliest: its attention layer that costs most (:func:`costliest_layer`).
        seed: draws the head of the control; the same seed draws the same head.
    """
    copying, control = roles.copy_heads, _control(roles, seed)
    circuit = parse_ablation(copy_circuit_text(cfg, copying[0].layer), cfg)
    return [
        Experiment(
            "costliest",
            f"Costliest attention: layer {costliest}",
            _without([Component(costliest, "attn")]),
            "Which cells break: those to be copied, or those that the rule changes?",
        ),
        *_of_copy_heads(roles, copying),
        Experiment(
            "circuit",
            f"Only the copy circuit of layer {copying[0].layer}",
            circuit,
            f"All else is ablated; layer {copying[0].layer} looks exactly one grid back. Does it copy?",
        ),
        Experiment(
            "mlps",
            "All MLPs",
            parse_ablation("L*.mlp", cfg),
            "Attention alone: what can it still move from place to place?",
        ),
        Experiment(
            "control",
            f"Control: a random head, {control.text}",
            _without([control]),
            f"Drawn from the heads that do not copy ({roles.by_component[control].role.name}). If as much"
            " breaks here, the rest means little.",
        ),
    ]


def _of_copy_heads(roles: Roles, copying: list[Component]) -> list[Experiment]:
    if not roles.having("copy"):
        return [
            Experiment(
                "copy",
                f"The head nearest to copying, {copying[0].text}",
                _without(copying),
                "No head looks one grid back with half of its attention; this one comes near.",
            )
        ]
    names = ", ".join(head.text for head in copying)
    many = {1: "The copy head", 2: "Both copy heads"}.get(len(copying), f"All {len(copying)} copy heads")
    found = [
        Experiment(
            "copy",
            f"{many}: {names}",
            _without(copying),
            "Ablates what looks one grid back. Can the model still copy?",
        )
    ]
    if len(copying) > 1:
        one, other = copying[:2]
        # Which stands in for which is not mutual: each is ablated by itself.
        found += [_one_copy_head("one", one, other), _one_copy_head("other", other, one)]
    return found


def _one_copy_head(key: str, ablated: Component, left: Component) -> Experiment:
    look_for = f"Does {left.text}, which looks at the same cell, back it up?"
    return Experiment(key, f"One copy head: {ablated.text}", _without([ablated]), look_for)


def _control(roles: Roles, seed: str) -> Component:
    """A head that does not copy, if there is such a head."""
    others = [head.component for head in roles.heads if head.role.key != "copy"]
    return random.Random(seed).choice(others or [head.component for head in roles.heads])


def _without(parts: Iterable[Component]) -> Ablation:
    return Ablation.of(Term(part) for part in parts)
