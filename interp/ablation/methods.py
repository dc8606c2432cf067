"""The methods of ablation. One class says everything that is asked of a method: its text, its words for the
dashboard, what it fits, and what it does, once to a run with hooks and once to a row of the engine.

To add one, write a class here and name it in :data:`METHODS`. The tests hold its two definitions together.
"""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch

from interp.ablation.components import COMPONENT_KINDS, Component, ComponentKind
from interp.ablation.hook_points import Hook, Output, lookback_hook, mean_output, output_hook
from interp.ablation.means import REFERENCE_PUZZLES, RowMeans
from interp.errors import PuzzlescopeError
from interp.tokens import N_CTX


@dataclass(frozen=True)
class RowGate:
    """What the engine does to a component in one row of a batch (:mod:`interp.engine.forward`): it writes
    ``output * keep + mean * fill``.

    Attributes:
        keep: factor of its own output.
        fill: factor of its mean output at each position; other than 0 only for a method that needs means.
        offset: how many positions back its attention is fixed on, position 0 where there are fewer. ``None``:
            its own pattern.
    """

    keep: float | int = 1
    fill: float | int = 0
    offset: int | None = None


@dataclass(frozen=True)
class Parameter:
    """The whole number that some methods take.

    Attributes:
        label: what it counts, as a label.
        unit: of what.
        least, most: its bounds, both included.
        usual: what the dashboard begins with.
    """

    label: str
    unit: str
    least: int
    most: int
    usual: int


@dataclass(frozen=True)
class Method(ABC):
    """How a component is ablated. A value: equal methods are equal keys of a cache.

    Attributes:
        name: its text; what comes before ``=N`` in that of a method with a parameter.
        label: what the dashboard calls it.
        help: what it does, in plain words.
        badge: a character or two on an ablated component; ``{}`` stands for the parameter, here and below.
        done: what is done to a component: "zeroed", "looking {} back".
        parameter: the whole number that it takes, if it takes one.
        kinds: the kinds of components that it fits.
        misfit: why it does not fit the others.
        needs_means: whether it needs the reference means.
        partial_scopes: whether it can be confined to some of the positions
            (:data:`interp.analyses.ablation_sweep.Scope`).
    """

    name: ClassVar[str]
    label: ClassVar[str]
    help: ClassVar[str]
    badge: ClassVar[str]
    done: ClassVar[str]
    parameter: ClassVar[Parameter | None] = None
    kinds: ClassVar[tuple[ComponentKind, ...]] = COMPONENT_KINDS
    misfit: ClassVar[str] = ""
    needs_means: ClassVar[bool] = False
    partial_scopes: ClassVar[bool] = True

    @property
    @abstractmethod
    def gate(self) -> RowGate:
        """What the engine does to a component in a row."""

    @abstractmethod
    def hook(self, component: Component, means: RowMeans | None, start: int) -> Hook:
        """What does the same to a run with hooks.

        Args:
            means: of the run's rows; given if the method needs them.
            start: position of the run's first token (above 0 while decoding with a key-value cache).
        """

    @classmethod
    def form(cls) -> str:
        """How its texts look: ``zero``, ``lookback=N``."""
        return cls.name

    @classmethod
    def parse(cls, text: str, where: str) -> "Method | None":
        """The method of this text; ``None`` if it is the text of another.

        Raises:
            PuzzlescopeError: beginning with ``where``, if its parameter is out of bounds.
        """
        return cls() if text == cls.name else None

    @classmethod
    def usual(cls) -> "Method":
        """The method, with the parameter that the dashboard begins with."""
        return cls()

    @property
    def text(self) -> str:
        """It parses to this method again."""
        return self.name

    @property
    def words(self) -> str:
        """What is done to a component: "zeroed", "looking 100 back"."""
        return self.done

    def clause(self, what: str) -> str:
        """How a sentence about a run begins in which this is done: "with all MLPs at their mean".

        Args:
            what: the components, "the attention of layer 1".
        """
        return f"with {what} {self.words}"

    @property
    def changes_pattern(self) -> bool:
        """Whether it changes where heads look."""
        return self.gate.offset is not None

    @property
    def silences(self) -> bool:
        """Whether a component then writes nothing of what it reads."""
        return self.gate.keep == 0

    @classmethod
    def fits(cls, component: Component) -> bool:
        """Whether it can be done to this component."""
        return component.kind in cls.kinds


@dataclass(frozen=True)
class NumberedMethod(Method):
    """A method with a parameter.

    Raises:
        PuzzlescopeError: if the number is out of bounds.
    """

    number: int
    parameter: ClassVar[Parameter]

    def __post_init__(self) -> None:
        if not self.parameter.least <= self.number <= self.parameter.most:
            raise PuzzlescopeError(f"{self._bounds()}, got {self.number}.")

    @classmethod
    def form(cls) -> str:
        return f"{cls.name}=N"

    @classmethod
    def parse(cls, text: str, where: str) -> "Method | None":
        found = re.fullmatch(rf"{re.escape(cls.name)}=(\d+)", text)
        if found is None:
            return None
        # Cut where it is beyond any use: Python refuses to read thousands of digits.
        number = int(found[1].lstrip("0")[:6] or "0")
        if not cls.parameter.least <= number <= cls.parameter.most:
            raise PuzzlescopeError(f"{where}: {cls._bounds()}, got {found[1][:12]}.")
        return cls(number)

    @classmethod
    def usual(cls) -> "Method":
        return cls(cls.parameter.usual)

    @classmethod
    def _bounds(cls) -> str:
        return f"{cls.name} must be {cls.parameter.least} to {cls.parameter.most} {cls.parameter.unit}"

    @property
    def text(self) -> str:
        return f"{self.name}={self.number}"

    @property
    def words(self) -> str:
        return self.done.format(self.number)


@dataclass(frozen=True)
class Zero(Method):
    """The component writes nothing."""

    name = "zero"
    label = "zero"
    help = "It writes nothing."
    badge = "×"
    done = "zeroed"

    @property
    def gate(self) -> RowGate:
        return RowGate(keep=0)

    def clause(self, what: str) -> str:
        return f"without {what}"

    def hook(self, component: Component, means: RowMeans | None, start: int) -> Hook:
        return output_hook(component, torch.zeros_like)


@dataclass(frozen=True)
class Mean(Method):
    """The component writes its mean output at each position, over reference puzzles in the same order of the
    grids (:mod:`interp.ablation.means`)."""

    name = "mean"
    label = "mean"
    help = f"It writes its mean output at each position, over {REFERENCE_PUZZLES} puzzles of the bank."
    badge = "x̄"
    done = "put at its mean"
    needs_means = True

    @property
    def gate(self) -> RowGate:
        return RowGate(keep=0, fill=1)

    def clause(self, what: str) -> str:
        return f"with {what} at the mean"

    def hook(self, component: Component, means: RowMeans | None, start: int) -> Hook:
        assert means is not None
        mean = mean_output(component, means, start)

        def replace(out: Output) -> Output:
            return mean[:, : out.shape[1]].expand_as(out)

        return output_hook(component, replace)


@dataclass(frozen=True)
class Lookback(NumberedMethod):
    """The component's attention is fixed on exactly ``number`` positions back; on position 0 where there are
    fewer. Its values and W_O work as ever."""

    name = "lookback"
    label = "fixed offset"
    help = "Its attention is fixed at one offset, 100 being the cell to be copied. An MLP is zeroed instead."
    badge = "↩{}"
    done = "looking {} back"
    parameter = Parameter("How many positions back", "positions", least=0, most=N_CTX - 1, usual=100)
    kinds = ("attn", "head")
    misfit = "an MLP has no attention pattern; lookback is for attn and heads"
    partial_scopes = False

    @property
    def gate(self) -> RowGate:
        return RowGate(offset=self.number)

    def clause(self, what: str) -> str:
        return f"with {what} fixed {self.number} {'position' if self.number == 1 else 'positions'} back"

    def hook(self, component: Component, means: RowMeans | None, start: int) -> Hook:
        return lookback_hook(component, self.number)


METHODS: tuple[type[Method], ...] = (Zero, Mean, Lookback)
"""All of them, in the order of the dashboard."""

ZERO, MEAN = Zero(), Mean()
DEFAULT_METHOD: Method = ZERO
"""What a term without a method means, and what takes the place of a method where it does not fit."""


def fitting(method: Method, component: Component) -> Method:
    """The method itself if it fits a component, else the default one."""
    return method if method.fits(component) else DEFAULT_METHOD


def fitting_all(method: Method) -> Method:
    """The method itself if it fits components of every kind, else the default one: what a sweep over all of
    them uses, so that its numbers can be compared."""
    return method if set(method.kinds) >= set(COMPONENT_KINDS) else DEFAULT_METHOD
