"""The optimizer of training: Muon for the matrices of the blocks, AdamW for everything else.

Muon (Jordan et al., 2024, "Muon: An optimizer for hidden layers in neural networks") replaces the update of a
matrix by the nearest semi-orthogonal one. A head's W_Q, W_K, W_V and W_O are matrices of their own and are
orthogonalised one head at a time.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

ADAM_BETAS = (0.9, 0.98)
MUON_MOMENTUM = 0.95
MUON_STEPS = 5
MUON_POLYNOMIAL = (3.4445, -4.7750, 2.0315)
"""Of a singular value s a step makes a s + b s^3 + c s^5: after five, all lie between about 0.7 and 1.2
(Jordan et al.)."""


class Muon:
    """Muon over parameters that are matrices, or stacks of matrices ``[head, rows, columns]``.

    Computes what ``torch.optim.Muon`` does with ``adjust_lr_fn="match_rms_adamw"``, one matrix at a time
    there: a model of 12 layers has 408, and on a GPU their ten thousand small kernels a step take longer than
    the model. Here all matrices of one shape are orthogonalised by the same few batched products.

    Args:
        parameters: matrices or stacks of them.
        lr: learning rate; the size of an update is AdamW's (Liu et al., 2025, "Muon is scalable for LLM
            training", 2.2).
        weight_decay: decoupled, as in AdamW.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, weight_decay: float):
        self.lr, self.weight_decay = lr, weight_decay
        self._parameters: list[Tensor] = list(parameters)
        self._momenta = [torch.zeros_like(parameter) for parameter in self._parameters]

    @torch.no_grad()
    def step(self) -> None:
        """Update every parameter by its gradient."""
        gradients = [parameter.grad for parameter in self._parameters if parameter.grad is not None]
        assert len(gradients) == len(self._parameters)
        torch._foreach_lerp_(self._momenta, gradients, 1 - MUON_MOMENTUM)
        ahead = torch._foreach_lerp(gradients, self._momenta, MUON_MOMENTUM)  # Nesterov's look ahead
        torch._foreach_mul_(self._parameters, 1 - self.lr * self.weight_decay)
        for parameter, update in zip(self._parameters, _orthogonal(ahead), strict=True):
            parameter.add_(update, alpha=-self.lr * 0.2 * math.sqrt(max(update.shape[-2:])))

    def state_dict(self) -> dict[str, Any]:
        return {"momenta": self._momenta}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for momentum, saved in zip(self._momenta, state["momenta"], strict=True):
            momentum.copy_(saved)


def _orthogonal(matrices: Sequence[Tensor]) -> list[Tensor]:
    """The nearest semi-orthogonal matrices, roughly: the shapes stay, the singular values come close to 1."""
    wide = [m.mT if _is_tall(m) else m for m in matrices]
    found: dict[int, Tensor] = {}
    for shape in dict.fromkeys(m.shape[-2:] for m in wide):
        chosen = [k for k, m in enumerate(wide) if m.shape[-2:] == shape]
        stacks = [wide[k].reshape(-1, *shape) for k in chosen]
        parts = newton_schulz(torch.cat(stacks).bfloat16()).split([len(stack) for stack in stacks])
        found |= {k: part.view(wide[k].shape) for k, part in zip(chosen, parts, strict=True)}
    return [found[k].mT if _is_tall(m) else found[k] for k, m in enumerate(matrices)]


def _is_tall(matrices: Tensor) -> bool:
    return matrices.shape[-2] > matrices.shape[-1]


def newton_schulz(matrices: Float[Tensor, "n row col"]) -> Float[Tensor, "n row col"]:
    """Every matrix's singular values moved close to 1, by :data:`MUON_STEPS` steps that use products only.

    Args:
        matrices: no more rows than columns.
    """
    a, b, c = MUON_POLYNOMIAL
    # Frobenius, so at least the largest singular value: below 1 the steps do not run away.
    x = matrices / matrices.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    for _ in range(MUON_STEPS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x


class MuonAdamW:
    """Two optimizers behind one ``step``. ``lr`` is the peak rate of both; :meth:`set_lr_factor` scales
    it."""

    def __init__(self, model: nn.Module, lr: float, weight_decay: float):
        self.lr = lr
        matrices = [p for name, p in model.named_parameters() if name.startswith("blocks.") and p.ndim > 1]
        chosen = {id(p) for p in matrices}
        others = [p for p in model.parameters() if id(p) not in chosen]
        self._muon = Muon(matrices, lr, weight_decay)
        self._adamw = torch.optim.AdamW(others, lr=lr, betas=ADAM_BETAS, weight_decay=0.0)
        self._parameters = list(model.parameters())

    def set_lr_factor(self, factor: float) -> None:
        self._muon.lr = self.lr * factor
        for group in self._adamw.param_groups:
            group["lr"] = self.lr * factor

    def step(self, max_norm: float = 1.0) -> None:
        """Clip the gradient, update every weight, clear the gradients."""
        nn.utils.clip_grad_norm_(self._parameters, max_norm)
        self._muon.step()
        self._adamw.step()
        for parameter in self._parameters:
            parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        return {"muon": self._muon.state_dict(), "adamw": self._adamw.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._muon.load_state_dict(state["muon"])
        self._adamw.load_state_dict(state["adamw"])
