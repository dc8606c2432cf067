"""Training a model on puzzles drawn on the fly, from scratch or from where another run ended: resumable after
a kill."""

import math
import platform
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from tqdm import tqdm

from interp.checkpoints import find_model, load_model
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT, loss_of
from interp.outputs import strict_json
from interp.tokens import ANSWER_START, GRID_TOKENS, N_CTX
from interp.training.arithmetic import Arithmetic, count_flops, matrix_rate
from interp.training.data import DataState, TrainingData
from interp.training.dynamics import DYNAMICS_FILE, DynamicsRecorder
from interp.training.evaluation import evaluate
from interp.training.log import LOG_FILE, add_to_log, cut_log
from interp.training.moments import MomentKeeper
from interp.training.optimizer import MuonAdamW
from interp.training.recipe import Recipe
from interp.training.record import Record, Stretch, read_record
from interp.training.run_folder import STATE_FILE, check_run_folder

GRID_WEIGHTS = (0.1, 0.5, 0.1, 1.0)
"""Weight of the loss on each of the four grids: the first and third are random, the second half so; the
answer counts."""

Network = Callable[[Int[Tensor, "batch pos"]], Float[Tensor, "batch pos vocab"]]

LOG_EVERY = 20  # steps


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
    included; ``processor`` is the processor time of this run's own steps, seconds.

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
        self.steps, self.seconds, self.processor = 0, 0.0, 0.0
        self.before = Before()
        self.history: list[Stretch] = []
        self.recorder = DynamicsRecorder()
        folder.mkdir(parents=True, exist_ok=True)
        anew = not (folder / STATE_FILE).exists()
        if not anew:
            self._resume()
        else:
            (folder / LOG_FILE).unlink(
                missing_ok=True
            )  # of a run that was killed before it was saved, or replaced
            if recipe.continues:
                self._continue()
        self.keeper = MomentKeeper(folder, recipe.moments, self.puzzles, anew=anew)
        stretch = Stretch(self.puzzles, round(self.seconds / 60, 2), hardware(self.device), recipe)
        last = self.history[-1] if self.history else None
        if last is None or (last.hardware, last.recipe) != (stretch.hardware, stretch.recipe):
            self.history.append(stretch)

    @property
    def puzzles(self) -> int:
        return self.before.puzzles + self._own_steps * self.recipe.batch

    @property
    def recording_seconds(self) -> float:
        """What measuring the model on its way has cost."""
        return self.before.recording_seconds + self.recorder.seconds

    def record(self) -> Record:
        """What is to be said of the training, as far as it has come; nothing measured yet."""
        return Record(
            recipe=self.recipe,
            history=tuple(self.history),
            steps=self.steps,
            puzzles=self.puzzles,
            minutes=self.seconds / 60,
            recording_minutes=self.recording_seconds / 60,
            data=self.data.state(),
        )

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
                if self.keeper.due(self.puzzles):
                    self.keeper.keep(self.model, self.puzzles)
                started, began = time.perf_counter(), time.process_time()
                losses = self.step()
                self.seconds += time.perf_counter() - started
                self.processor += time.process_time() - began
                self._show(bar, losses)
                if self.seconds >= next_evaluation:
                    next_evaluation += 60 * self.recipe.evaluate_every
                    self.log_evaluation(self.recipe.evaluate_per_kind)
                if self.seconds >= next_save:
                    next_save += save_every
                    self.save()
            if not caught:
                self.recorder.record(self.model, self.puzzles)
                self.keeper.keep(self.model, self.puzzles)
            self.save()
        if caught:
            raise KeyboardInterrupt(caught[0])
        return self.model.eval()

    def _plan(self) -> tuple[float, float]:
        """Puzzles that the model will have seen at the end, and processor seconds that this run's steps will
        have taken."""
        if not self.progress:
            return math.inf, math.inf
        own = self._own_steps * self.recipe.batch
        return self.before.puzzles + own / self.progress, self.processor / self.progress

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
        clock = {"step": self.steps, "puzzles": self.puzzles, "minutes": f"{self.seconds / 60:.3f}"}
        add_to_log(self.folder, {**clock, "lr": f"{self.recipe.lr * self._lr_factor():.3g}", **entry})

    def save(self) -> None:
        """Write the state so that a kill at any moment leaves either the old or the new one whole."""
        state = {
            "recipe": asdict(self.recipe),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "data": asdict(self.data.state()),
            "steps": self.steps,
            "seconds": self.seconds,
            "before": asdict(self.before),
            "history": [asdict(stretch) for stretch in self.history],
            "recording_seconds": self.recorder.seconds,
            "processor": self.processor,
            "recording_processor": self.recorder.processor,
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
            self._check_same(Recipe.read(state["recipe"]))
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.data = TrainingData.from_state(DataState.read(state["data"]))
            self.steps, self.seconds = state["steps"], state["seconds"]
            self.before = Before(**state["before"])
            self.history = [Stretch.read(stretch) for stretch in state["history"]]
            recorded = state["recording_seconds"]
            # A state that was saved before these were kept has the clock's.
            self.processor = state.get("processor", self._own_seconds)
            recorded_processor = state.get("recording_processor", recorded)
        except PuzzlescopeError:
            raise
        except Exception as error:
            raise PuzzlescopeError(
                f"{path} is not a training state that can be continued: remove it to start anew."
            ) from error
        self.recorder = DynamicsRecorder.resumed(self.folder, self.puzzles)
        self.recorder.seconds, self.recorder.processor = recorded, recorded_processor
        cut_log(self.folder, self.steps)

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
        if model.cfg != self.recipe.model or record.data.seed != self.recipe.seed:
            raise PuzzlescopeError(
                f"A run that continues {self.recipe.continues} has its sizes and its seed"
                f" {record.data.seed}: leave --layers, --heads, --d-model, --d-head, --d-mlp and --seed out."
            )
        self.model.load_state_dict(model.state_dict())
        self.data = TrainingData.from_state(record.data)
        self.before = Before(record.steps, record.puzzles, 60 * record.minutes, 60 * record.recording_minutes)
        self.steps, self.seconds = self.before.steps, self.before.seconds
        self.history = list(record.history)
        for name in (LOG_FILE, DYNAMICS_FILE):
            if (source / name).exists():
                shutil.copyfile(source / name, self.folder / name)
        self.recorder = DynamicsRecorder.resumed(self.folder, self.puzzles)

    def _check_same(self, found: Recipe) -> None:
        for name in ("model", "seed", "batch"):
            theirs, ours = getattr(found, name), getattr(self.recipe, name)
            if theirs != ours:
                raise PuzzlescopeError(
                    f"{self.folder} holds a run with {name} {theirs}, not {ours}:"
                    " continue it with its own settings or train in another folder."
                )


def hardware(device: torch.device) -> str:
    """What a run computes on, in words."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    n = torch.get_num_threads()
    return f"{n} thread{'s' * (n != 1)} of a shared {platform.machine()} CPU"


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
