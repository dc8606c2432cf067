"""Training a model on puzzles drawn on the fly, from scratch or from where another run ended: resumable after
a kill."""

import csv
import math
import os
import platform
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from tqdm import tqdm

from interp.analyses.notebook import measure_phenomena
from interp.checkpoints import check_free, find_model, load_model, save_card, save_model
from interp.checkpoints.folders import CARD_FILE, CONFIG_FILE, INDEX_FILE, WEIGHTS_FILE
from interp.errors import PuzzlescopeError
from interp.model import Config, PuzzleGPT, loss_of
from interp.outputs import reason, strict_json, write_whole
from interp.puzzles import load_puzzles
from interp.puzzles.kinds import KINDS
from interp.tokens import ANSWER_START, GRID_TOKENS, N_CTX
from interp.training.arithmetic import count_flops, matrix_rate
from interp.training.card import (
    TRAINING_FILE,
    Arithmetic,
    Report,
    card_text,
    read_record,
    training_record,
    wrote_card,
)
from interp.training.data import TrainingData, count_seen
from interp.training.dynamics import DYNAMICS_FILE, DynamicsRecorder, load_dynamics
from interp.training.evaluation import evaluate
from interp.training.optimizer import MuonAdamW
from interp.training.pictures import DYNAMICS_PICTURE, LOSS_PICTURE, dynamics_picture, loss_picture, read_log

GRID_WEIGHTS = (0.1, 0.5, 0.1, 1.0)
"""Weight of the loss on each of the four grids: the first and third are random, the second half so; the
answer counts."""

LARGEST_SIZE = 16384
"""Beyond what anybody trains on puzzles; a typed-in zero too many should be a sentence, not a full memory."""

Network = Callable[[Int[Tensor, "batch pos"]], Float[Tensor, "batch pos vocab"]]

STATE_FILE = "training_state.pt"
LOG_FILE = "training_log.csv"
LOG_COLUMNS = ("event", "step", "puzzles", "minutes", "lr", "loss", "answer_loss", "solved", "by_kind")
LOG_EVERY = 20  # steps
PHENOMENA_PUZZLES = 64


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a run computes.

    ``minutes`` of computing or ``puzzles`` seen end the run, whichever is given; the learning rate follows
    the fraction that is done: up over ``warmup_steps``, level, and down to nothing over the last ``cooldown``
    of it. ``continues`` names a trained model that the run starts from, with the puzzles that come after
    those it has seen.
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
    continues: str = ""

    def __post_init__(self) -> None:
        if (self.puzzles > 0) == (self.minutes > 0):
            raise PuzzlescopeError(
                "Say how long to train: either a number of puzzles or a number of minutes, above 0."
            )
        if not math.isfinite(self.minutes):
            raise PuzzlescopeError(f"Training needs a finite number of minutes, got {self.minutes}.")
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


@dataclass(frozen=True)
class Before:
    """What the runs that a run continues had done."""

    steps: int = 0
    puzzles: int = 0
    seconds: float = 0.0
    recording_seconds: float = 0.0


class Trainer:
    """One training run in one folder: its weights, optimizer, data, clock and log.

    Counts (``steps``, ``puzzles``, ``seconds``) are those of the model, the runs that this one continues
    included.

    Args:
        recipe: what to compute.
        folder: where the run keeps its state and its log. A run found there is continued; what else is there
            stays as it is.
        device: where to compute; by default a GPU if there is one.
        fused: have PyTorch's compiler fuse the model's small operations first, which takes a quarter of a
            minute and a C compiler; a third more puzzles a second on an H100. Rounds otherwise, so that a run
            differs in its last digits.
        replace: whether a finished model, or a README.md of somebody else's, that is in the folder may be
            written over.

    Raises:
        PuzzlescopeError: if something is in the folder that would be written over and may not be.
    """

    def __init__(
        self,
        recipe: Recipe,
        folder: Path,
        device: str | None = None,
        *,
        fused: bool = False,
        replace: bool = False,
    ):
        self.recipe, self.folder, self.replace = recipe, folder, replace
        check_run_folder(folder, replace=replace)
        self.device = _device(device)
        torch.manual_seed(recipe.seed)
        self.model = PuzzleGPT(recipe.model).to(self.device)
        self._network: Network = torch.compile(self.model, dynamic=False) if fused else self.model
        self.optimizer = MuonAdamW(self.model, recipe.lr, recipe.weight_decay)
        self.data = TrainingData(recipe.seed)
        self.steps, self.seconds = 0, 0.0
        self.before = Before()
        self.history: list[dict[str, Any]] = []
        self.recorder = DynamicsRecorder()
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / STATE_FILE).exists():
            self._resume()
        else:
            (folder / LOG_FILE).unlink(
                missing_ok=True
            )  # of a run that was killed before it was saved, or replaced
            if recipe.continues:
                self._continue()
        plan = {"hardware": hardware(self.device), "recipe": asdict(recipe)}
        if not self.history or self.history[-1] | plan != self.history[-1]:
            self.history.append({"puzzles": self.puzzles, "minutes": round(self.seconds / 60, 2)} | plan)

    @property
    def puzzles(self) -> int:
        return self.before.puzzles + self._own_steps * self.recipe.batch

    @property
    def recording_seconds(self) -> float:
        """What measuring the model on its way has cost."""
        return self.before.recording_seconds + self.recorder.seconds

    @property
    def progress(self) -> float:
        """How much of the run is done, 0 to 1."""
        if self.recipe.puzzles:
            return min(1.0, self._own_steps * self.recipe.batch / self.recipe.puzzles)
        return min(1.0, self._own_seconds / 60 / self.recipe.minutes)

    @property
    def _own_steps(self) -> int:
        return self.steps - self.before.steps

    @property
    def _own_seconds(self) -> float:
        return self.seconds - self.before.seconds

    def run(self, *, save_every: float = 120.0, quiet: bool = False) -> PuzzleGPT:
        """Train to the end. Ctrl-C or SIGTERM saves first; so does every ``save_every`` seconds.

        Raises:
            KeyboardInterrupt: when it was stopped and has saved; with the number of the signal.
        """
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
                if self.recorder.due(self.puzzles, *self._plan()):
                    self.recorder.record(self.model, self.puzzles)
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
            if not caught:
                self.recorder.record(self.model, self.puzzles)
            self.save()
        if caught:
            raise KeyboardInterrupt(caught[0])
        return self.model.eval()

    def _plan(self) -> tuple[float, float]:
        """Puzzles that the model will have seen at the end, and seconds that this run will have taken."""
        if not self.progress:
            return math.inf, math.inf
        own = self._own_steps * self.recipe.batch
        return self.before.puzzles + own / self.progress, self._own_seconds / self.progress

    def step(self) -> dict[str, float]:
        """One batch, one update. Returns the mean loss over all tokens (weighted) and over the answer."""
        tokens, kinds = self.data.batch(self.recipe.batch)
        self.optimizer.set_lr_factor(self._lr_factor())
        loss, per_token = self._losses(self.model.prompt(tokens), self._network)
        loss.backward()
        # So far a GPU has only been told what to do: the next puzzles are drawn while it does it.
        self.data.draw_ahead(self.recipe.batch)
        answer = per_token.detach()[:, ANSWER_START - 1 :].mean(1).cpu().numpy()
        if not math.isfinite(loss.item()):  # before the update: the weights and the state on disk stay good
            raise PuzzlescopeError(
                f"The loss became {loss.item()} at step {self.steps}: try a smaller learning rate."
            )
        self.optimizer.step()
        self.steps += 1
        self.data.learn(kinds, answer)
        return {"loss": loss.item(), "answer_loss": float(answer.mean())}

    def _losses(
        self, prompt: Int[Tensor, "batch 405"], network: Network
    ) -> tuple[Float[Tensor, ""], Float[Tensor, "batch 404"]]:
        """What is minimised, and the loss of every prediction."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=_has_fast_bfloat16(self.device)):
            logits = network(prompt)
        per_token = loss_of(logits.float(), prompt)
        weights = _token_weights(self.device)
        return (per_token * weights).sum() / (weights.sum() * len(prompt)), per_token

    def arithmetic(self) -> Arithmetic:
        """How much of what this machine's matrix products could do the run has done. Measured now, on an idle
        model."""
        prompt = self.model.prompt(TrainingData(self.recipe.seed).batch(self.recipe.batch)[0])
        flops = count_flops(lambda: self._losses(prompt, self.model)[0].backward())
        self.model.zero_grad(set_to_none=True)
        fast = _has_fast_bfloat16(self.device)
        dtype = torch.bfloat16 if fast else torch.float32
        return Arithmetic(
            flops_per_puzzle=flops / len(prompt),
            puzzles_per_second=self._own_steps * self.recipe.batch / max(self._own_seconds, 1e-9),
            matrix_rate=matrix_rate(self.device, dtype),
            dtype=str(dtype).removeprefix("torch."),
        )

    def _lr_factor(self) -> float:
        up = (self._own_steps + 1) / self.recipe.warmup_steps if self.recipe.warmup_steps else 1.0
        down = (1 - self.progress) / self.recipe.cooldown if self.recipe.cooldown else 1.0
        return min(1.0, up, down)

    def _show(self, bar: "tqdm[Any]", losses: dict[str, float]) -> None:
        bar.n = round(100 * self.progress, 1)
        rate = self._own_steps * self.recipe.batch / max(self._own_seconds, 1e-9)
        bar.set_postfix_str(
            f"{self.puzzles:,} puzzles, {rate:.1f}/s, answer loss {losses['answer_loss']:.4f}"
        )
        if self.steps % LOG_EVERY == 0 or self.progress == 1:
            self._log({"event": "step", **losses})

    def log_evaluation(self, per_kind: int) -> dict[str, float]:
        """Measure the share solved of every kind on held-out puzzles and write it to the log."""
        self.model.eval()
        rates = {kind.name: rate for kind, rate in evaluate(self.model, per_kind)}
        self.model.train()
        self._log(
            {
                "event": "evaluation",
                "solved": sum(rates.values()) / len(rates),
                "by_kind": strict_json(rates, indent=None),
            }
        )
        return rates

    def _log(self, entry: dict[str, Any]) -> None:
        path = self.folder / LOG_FILE
        fresh = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, LOG_COLUMNS, lineterminator="\n")
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
            "before": asdict(self.before),
            "history": self.history,
            "recording_seconds": self.recorder.seconds,
        }
        self.recorder.save(self.folder)
        partial = self.folder / (STATE_FILE + ".partial")
        torch.save(state, partial)
        partial.replace(self.folder / STATE_FILE)

    def _resume(self) -> None:
        """Go on where the run in this folder was saved; what was logged after that is done again."""
        path = self.folder / STATE_FILE
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
            self._check_same(state["recipe"])
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.data = TrainingData.from_state(state["data"])
            self.steps, self.seconds = state["steps"], state["seconds"]
            self.before, self.history = Before(**state["before"]), state["history"]
            recorded = state["recording_seconds"]
        except PuzzlescopeError:
            raise
        except Exception as error:
            raise PuzzlescopeError(
                f"{path} is not a training state that can be continued: remove it to start anew."
            ) from error
        self.recorder = DynamicsRecorder.resumed(self.folder, self.puzzles)
        self.recorder.seconds = recorded
        _cut_log(self.folder / LOG_FILE, self.steps)

    def _continue(self) -> None:
        """Start from a trained model, where its training ended: its weights, its data, its log and its
        dynamics."""
        source = find_model(self.recipe.continues)
        if source.resolve() == self.folder.resolve():
            raise PuzzlescopeError(
                f"A run that continues {source} needs a folder of its own: name another one."
            )
        record = read_record(source)
        model = load_model(source)
        if model.cfg != self.recipe.model or record["data"]["seed"] != self.recipe.seed:
            raise PuzzlescopeError(
                f"A run that continues {self.recipe.continues} has its sizes and its seed"
                f" {record['data']['seed']}:"
                " leave --layers, --heads, --d-model, --d-head, --d-mlp and --seed out."
            )
        self.model.load_state_dict(model.state_dict())
        self.data = TrainingData.from_state(record["data"])
        self.before = Before(
            record["steps"],
            record["puzzles"],
            60 * record["minutes"],
            60 * record.get("recording_minutes", 0.0),
        )
        self.steps, self.seconds = self.before.steps, self.before.seconds
        self.history = record["history"]
        for name in (LOG_FILE, DYNAMICS_FILE):
            if (source / name).exists():
                shutil.copyfile(source / name, self.folder / name)
        self.recorder = DynamicsRecorder.resumed(self.folder, self.puzzles)

    def _check_same(self, found: dict[str, Any]) -> None:
        for name in ("model", "seed", "batch"):
            if found[name] != asdict(self.recipe)[name]:
                raise PuzzlescopeError(
                    f"{self.folder} holds a run with {name} {found[name]}, not {asdict(self.recipe)[name]}:"
                    " continue it with its own settings or train in another folder."
                )


def finish(trainer: Trainer, per_kind: int = 50) -> Path:
    """Write a trained model into the run's folder; then measure it and write its card, pictures and log.
    Returns the folder.

    Raises:
        PuzzlescopeError: if one of these cannot be written. The weights are there by then, unless it was
            they.
    """
    model, folder = trainer.model.eval(), trainer.folder
    # What is measured may fail, hours of training may not: weights first.
    save_model(model, folder, None, dtype=_smallest_dtype(model), replace=True)
    try:
        _document(trainer, per_kind)
    except Exception as error:
        why = error if isinstance(error, PuzzlescopeError) else f"{type(error).__name__}: {reason(error)}"
        raise PuzzlescopeError(
            f"The model is in {folder}, but not its card: {why}. The same command again writes the card"
            f" alone."
        ) from error
    return folder


def _document(trainer: Trainer, per_kind: int) -> None:
    """Measure a trained model and write down what it is, the card last."""
    model, folder = trainer.model, trainer.folder
    found = tqdm(evaluate(model, per_kind), desc="evaluating", total=len(KINDS), leave=False)
    bank = load_puzzles("bank")
    report = Report(
        rates=dict(found),
        per_kind=per_kind,
        phenomena=measure_phenomena(model, bank.limit(PHENOMENA_PUZZLES).tokens),
        arithmetic=trainer.arithmetic(),
        bank_seen=count_seen(bank, trainer.data.seed, trainer.data.taken.tolist()),
    )
    card = card_text(trainer, report)
    write_whole(folder / LOSS_PICTURE, loss_picture(read_log(folder / LOG_FILE)))
    write_whole(folder / DYNAMICS_PICTURE, dynamics_picture(load_dynamics(folder)))
    ours = trainer.replace or wrote_card(folder)  # by what the record says that is there so far
    write_whole(folder / TRAINING_FILE, training_record(trainer, report, card))
    save_card(folder, card, replace=ours)


def _smallest_dtype(model: PuzzleGPT) -> torch.dtype:
    """float16, unless a weight is too large for it."""
    largest = max(float(weight.abs().max()) for weight in model.state_dict().values())
    return torch.float16 if largest < torch.finfo(torch.float16).max else torch.float32


def check_run_folder(folder: Path, *, replace: bool = False) -> None:
    """Say, before any work is done, what a run in this folder would write over that no run to be gone on with
    has written.

    Args:
        folder: it need not exist.
        replace: whether it may be written over.

    Raises:
        PuzzlescopeError: naming the files, or that the folder cannot be written.
    """
    check_free(folder, replace=True)
    found = [] if replace else _in_the_way(folder)
    if found:
        what = (
            "a finished model"
            if WEIGHTS_FILE in found and CONFIG_FILE in found
            else "files that training would write"
        )
        raise PuzzlescopeError(
            f"{folder} already holds {what} ({', '.join(found)}), and nothing was written: train in another"
            f" folder, or allow"
            " them to be overwritten with --force (in Python, replace=True)."
        )


def _in_the_way(folder: Path) -> list[str]:
    card = [] if wrote_card(folder) or not os.path.lexists(folder / CARD_FILE) else [CARD_FILE]
    if (folder / STATE_FILE).exists():
        return card  # of that run is the rest
    ours = [WEIGHTS_FILE, INDEX_FILE, CONFIG_FILE, CARD_FILE, TRAINING_FILE, LOSS_PICTURE, DYNAMICS_PICTURE]
    found = [name for name in ours if os.path.lexists(folder / name)]
    return found + [name for name in (LOG_FILE, DYNAMICS_FILE) if not _may_be_lost(folder / name)]


def _may_be_lost(path: Path) -> bool:
    """Whether there is no such file, or one of a run that was killed before it was saved for the first
    time."""
    if not os.path.lexists(path):
        return True
    try:
        if path.name == LOG_FILE:
            return path.read_text().splitlines()[0] == ",".join(LOG_COLUMNS)
        load_dynamics(path.parent)
    except (OSError, ValueError, IndexError, PuzzlescopeError):
        return False
    return True


def hardware(device: torch.device) -> str:
    """What a run computes on, in words."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    n = torch.get_num_threads()
    return f"{n} thread{'s' * (n != 1)} of a shared {platform.machine()} CPU"


def _cut_log(path: Path, steps: int) -> None:
    """Leave out of a log what came after a number of steps: a killed run does that again."""
    if not path.exists():
        return
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    kept = [row for row in rows if int(row[header.index("step")]) <= steps]
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *kept])


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
    """Note Ctrl-C and SIGTERM instead of being interrupted by them, so that no step is ever saved half
    done."""
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
