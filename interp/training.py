"""Training a model from scratch on puzzles drawn on the fly: resumable after a kill, on a CPU or a GPU."""

import csv
import json
import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from tqdm import tqdm

from interp.card import TRAINING_FILE, card_text, training_record
from interp.checkpoints import save_model
from interp.errors import PuzzlescopeError
from interp.evaluation import evaluate
from interp.kinds import KINDS
from interp.model import Config, PuzzleGPT, loss_of
from interp.optimizer import MuonAdamW
from interp.tokens import ANSWER_START, GRID_TOKENS, N_CTX
from interp.training_data import TrainingData

GRID_WEIGHTS = (0.1, 0.5, 0.1, 1.0)
"""Weight of the loss on each of the four grids: the first and third are random, the second half so; the answer counts."""

LARGEST_SIZE = 16384
"""Beyond what anybody trains on puzzles; a typed-in zero too many should be a sentence, not a full memory."""

STATE_FILE = "training_state.pt"
LOG_FILE = "training_log.csv"


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a run computes.

    ``minutes`` of computing or ``puzzles`` seen end the run, whichever is given; the learning rate follows the fraction
    that is done: up over ``warmup_steps``, level, and down to nothing over the last ``cooldown`` of it.
    """

    model: Config = field(default_factory=lambda: Config(n_layers=6, d_model=256, d_head=32, d_mlp=1024))
    seed: int = 1
    batch: int = 16
    puzzles: int = 0
    minutes: float = 0.0
    lr: float = 2.5e-3
    weight_decay: float = 0.05
    warmup_steps: int = 200
    cooldown: float = 0.5
    evaluate_every: float = 15.0
    evaluate_per_kind: int = 16

    def __post_init__(self) -> None:
        if (self.puzzles > 0) == (self.minutes > 0):
            raise PuzzlescopeError(
                "Say how long to train: either a number of puzzles or a number of minutes, above 0."
            )
        for name in ("batch", "lr", "evaluate_every", "evaluate_per_kind"):
            if not 0 < getattr(self, name) < math.inf:
                raise PuzzlescopeError(
                    f"Training needs {name} above 0 and finite, got {getattr(self, name)}."
                )
        if max(asdict(self.model).values()) > LARGEST_SIZE or self.batch > LARGEST_SIZE:
            raise PuzzlescopeError(f"Sizes and batch are at most {LARGEST_SIZE:,} to be trained.")
        if self.seed < 0:
            raise PuzzlescopeError(f"A seed is a whole number from 0, got {self.seed}.")
        if not 0 <= self.cooldown <= 1:
            raise PuzzlescopeError(f"cooldown is the share of the run it takes, 0 to 1, got {self.cooldown}.")


class Trainer:
    """One training run in one folder: its weights, optimizer, data, clock and log.

    Args:
        recipe: what to compute.
        folder: where the run keeps its state and its log. A run found there is continued.
        device: where to compute; by default a GPU if there is one.
    """

    def __init__(self, recipe: Recipe, folder: Path, device: str | None = None):
        self.recipe, self.folder = recipe, folder
        self.device = _device(device)
        torch.manual_seed(recipe.seed)
        self.model = PuzzleGPT(recipe.model).to(self.device)
        self.optimizer = MuonAdamW(self.model, recipe.lr, recipe.weight_decay)
        self.data = TrainingData(recipe.seed)
        self.steps, self.seconds = 0, 0.0
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / STATE_FILE).exists():
            self._resume()

    @property
    def puzzles(self) -> int:
        return self.steps * self.recipe.batch

    @property
    def progress(self) -> float:
        """How much of the run is done, 0 to 1."""
        if self.recipe.puzzles:
            return min(1.0, self.puzzles / self.recipe.puzzles)
        return min(1.0, self.seconds / 60 / self.recipe.minutes)

    def run(self, *, save_every: float = 120.0, quiet: bool = False) -> PuzzleGPT:
        """Train to the end. Ctrl-C or SIGTERM saves first; so does every ``save_every`` seconds."""
        bar = tqdm(
            total=100,
            desc="training",
            unit="%",
            disable=quiet,
            bar_format="{desc} {percentage:5.1f}%|{bar}| {postfix}",
        )
        next_save = self.seconds + save_every
        next_evaluation = self.seconds + 60 * self.recipe.evaluate_every
        with _stop_signals() as caught, bar:
            while self.progress < 1 and not caught:
                started = time.perf_counter()
                losses = self.step()
                self.seconds += time.perf_counter() - started
                self._show(bar, losses)
                if self.seconds >= next_evaluation:
                    next_evaluation += 60 * self.recipe.evaluate_every
                    self.log_evaluation(self.recipe.evaluate_per_kind)
                if self.seconds >= next_save:
                    next_save += save_every
                    self.save()
            self.save()
        if caught:
            raise KeyboardInterrupt
        return self.model.eval()

    def step(self) -> dict[str, float]:
        """One batch, one update. Returns the mean loss over all tokens (weighted) and over the answer."""
        tokens, kinds = self.data.batch(self.recipe.batch)
        prompt = self.model.prompt(tokens)
        self.optimizer.set_lr_factor(self._lr_factor())
        with torch.autocast(self.device.type, torch.bfloat16, enabled=_has_fast_bfloat16(self.device)):
            logits = self.model(prompt)
        per_token = loss_of(logits.float(), prompt)
        weights = _token_weights(self.device)
        loss = (per_token * weights).sum() / (weights.sum() * len(tokens))
        if not math.isfinite(loss.item()):  # before the update: the weights and the state on disk stay good
            raise PuzzlescopeError(
                f"The loss became {loss.item()} at step {self.steps}: try a smaller learning rate."
            )
        loss.backward()
        self.optimizer.step()
        self.steps += 1
        answer = per_token.detach()[:, ANSWER_START - 1 :].mean(1).cpu().numpy()
        self.data.learn(kinds, answer)
        return {"loss": loss.item(), "answer_loss": float(answer.mean())}

    def _lr_factor(self) -> float:
        up = (self.steps + 1) / self.recipe.warmup_steps if self.recipe.warmup_steps else 1.0
        down = (1 - self.progress) / self.recipe.cooldown if self.recipe.cooldown else 1.0
        return min(1.0, up, down)

    def _show(self, bar: "tqdm[Any]", losses: dict[str, float]) -> None:
        bar.n = round(100 * self.progress, 1)
        rate = self.puzzles / max(self.seconds, 1e-9)
        bar.set_postfix_str(
            f"{self.puzzles:,} puzzles, {rate:.1f}/s, answer loss {losses['answer_loss']:.4f}"
        )
        if self.steps % 20 == 0:
            self._log({"event": "step", **losses})

    def log_evaluation(self, per_kind: int) -> dict[str, float]:
        """Measure the share solved of every kind on held-out puzzles and write it to the log."""
        self.model.eval()
        rates = {kind.name: rate for kind, rate in evaluate(self.model, per_kind)}
        self.model.train()
        self._log(
            {"event": "evaluation", "solved": sum(rates.values()) / len(rates), "by_kind": json.dumps(rates)}
        )
        return rates

    def _log(self, entry: dict[str, Any]) -> None:
        columns = ["event", "step", "puzzles", "minutes", "lr", "loss", "answer_loss", "solved", "by_kind"]
        path = self.folder / LOG_FILE
        fresh = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            if fresh:
                writer.writeheader()
            clock = {"step": self.steps, "puzzles": self.puzzles, "minutes": f"{self.seconds / 60:.3f}"}
            writer.writerow({**clock, "lr": f"{self.recipe.lr * self._lr_factor():.3g}", **entry})

    def save(self) -> None:
        """Write the state so that a kill at any moment leaves either the old or the new one whole."""
        state = {
            "recipe": asdict(self.recipe),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "data": self.data.state_dict(),
            "steps": self.steps,
            "seconds": self.seconds,
        }
        partial = self.folder / (STATE_FILE + ".partial")
        torch.save(state, partial)
        partial.replace(self.folder / STATE_FILE)

    def _resume(self) -> None:
        path = self.folder / STATE_FILE
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
            self._check_same(state["recipe"])
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.data = TrainingData.from_state(state["data"])
            self.steps, self.seconds = state["steps"], state["seconds"]
        except PuzzlescopeError:
            raise
        except Exception as error:
            raise PuzzlescopeError(
                f"{path} is not a training state that can be continued: remove it to start anew."
            ) from error

    def _check_same(self, found: dict[str, Any]) -> None:
        for name in ("model", "seed", "batch"):
            if found[name] != asdict(self.recipe)[name]:
                raise PuzzlescopeError(
                    f"{self.folder} holds a run with {name} {found[name]}, not {asdict(self.recipe)[name]}:"
                    " continue it with its own settings or train in another folder."
                )


def finish(trainer: Trainer, per_kind: int = 50) -> Path:
    """Evaluate a trained model and write it, with its card and the run's log, into the run's folder. Returns the folder."""
    trainer.model.eval()
    found = tqdm(evaluate(trainer.model, per_kind), desc="evaluating", total=len(KINDS), leave=False)
    rates = dict(found)
    save_model(trainer.model, trainer.folder, card_text(trainer, rates, per_kind))
    (trainer.folder / TRAINING_FILE).write_text(training_record(trainer, rates))
    return trainer.folder


def _device(name: str | None) -> torch.device:
    """The device of this name, tried; by default a GPU if there is one."""
    try:
        device = torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise PuzzlescopeError(
            f"Cannot compute on '{name}': expected cpu, or cuda where there is an NVIDIA GPU."
        ) from error
    return device


def _token_weights(device: torch.device) -> Float[Tensor, " predicted"]:
    weights = torch.tensor(GRID_WEIGHTS, device=device).repeat_interleave(GRID_TOKENS)
    assert len(weights) == N_CTX - 1
    return weights


def _has_fast_bfloat16(device: torch.device) -> bool:
    """On a CPU without bfloat16 instructions autocast would be far slower than float32."""
    return device.type != "cpu" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


@contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """Note Ctrl-C and SIGTERM instead of being interrupted by them, so that no step is ever saved half done."""
    caught: list[int] = []
    try:
        before = {n: signal.signal(n, lambda n, _: caught.append(n)) for n in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread: somebody else handles signals
        yield caught
        return
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
