"""The optimizer of training: Muon for the matrices of the blocks, AdamW for everything else.

Muon (Jordan et al., 2024, "Muon: An optimizer for hidden layers in neural networks") replaces the update of a matrix by
the nearest semi-orthogonal one. A head's W_Q, W_K, W_V and W_O are matrices of their own and are orthogonalised one
head at a time; PyTorch's implementation takes plain matrices only, so it is given one view a head.
"""

from typing import Any

import torch
from torch import Tensor, nn

ADAM_BETAS = (0.9, 0.98)
MUON_MOMENTUM = 0.95


class MuonAdamW:
    """Two optimizers behind one ``step``. ``lr`` is the peak rate of both; :meth:`set_lr_factor` scales it."""

    def __init__(self, model: nn.Module, lr: float, weight_decay: float):
        self.lr = lr
        matrices = [p for name, p in model.named_parameters() if name.startswith("blocks.") and p.ndim > 1]
        chosen = {id(p) for p in matrices}
        others = [p for p in model.parameters() if id(p) not in chosen]
        self._views = [(view, p, head) for p in matrices for head, view in _views(p)]
        self._muon = torch.optim.Muon(
            [view for view, _, _ in self._views],
            lr=lr,
            weight_decay=weight_decay,
            momentum=MUON_MOMENTUM,
            adjust_lr_fn="match_rms_adamw",  # the update's size is AdamW's, so one learning rate serves both
        )
        self._adamw = torch.optim.AdamW(others, lr=lr, betas=ADAM_BETAS, weight_decay=0.0)
        self._parameters = list(model.parameters())

    def set_lr_factor(self, factor: float) -> None:
        for optimizer in (self._muon, self._adamw):
            for group in optimizer.param_groups:
                group["lr"] = self.lr * factor

    def step(self, max_norm: float = 1.0) -> None:
        """Clip the gradient, update every weight, clear the gradients."""
        nn.utils.clip_grad_norm_(self._parameters, max_norm)
        for view, parameter, head in self._views:
            assert parameter.grad is not None
            view.grad = parameter.grad if head is None else parameter.grad[head]
        self._muon.step()
        self._adamw.step()
        for parameter in self._parameters:
            parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        return {"muon": self._muon.state_dict(), "adamw": self._adamw.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._muon.load_state_dict(state["muon"])
        self._adamw.load_state_dict(state["adamw"])


def _views(parameter: Tensor) -> list[tuple[int | None, nn.Parameter]]:
    """The matrices inside a parameter, sharing its memory: one a head, or the parameter itself."""
    if parameter.ndim == 2:
        return [(None, nn.Parameter(parameter.data))]
    return [(head, nn.Parameter(parameter.data[head])) for head in range(len(parameter))]
