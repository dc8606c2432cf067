"""What is asked of every method of ablation."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Int
from torch import Tensor

from interp.ablation.components import COMPONENT_KINDS, Component, ComponentKind
from interp.ablation.hook_points import Hook, Output, output_hook, value_of
from interp.ablation.means import ReferenceMeans
from interp.ablation.needs import Need
from interp.ablation.rows import RowMeans, RowOutputs
from interp.errors import PuzzlescopeError
from interp.model import PuzzleGPT
from interp.puzzles import Puzzle


@dataclass(frozen=True)
class RowGate:
    """What the engine does to a component in one row of a batch (:mod:`interp.engine.forward`): it writes
    ``output * keep + value * fill``, where the value is the method's own (:meth:`Method.outputs`).

    Attributes:
        keep: factor of its own output.
        fill: factor of the value at each position; other than 0 only for a method that has values.
        offset: how many positions back its attention is fixed on, position 0 where there are fewer. ``None``:
            its own pattern.
        pattern: whether the mean pattern takes the place of its own.
    """

    keep: float | int = 1
    fill: float | int = 0
    offset: int | None = None
    pattern: bool = False


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
        needs_means: whether it needs something of :class:`interp.ablation.ReferenceMeans`.
        swept: whether a sweep over all components can be by it, though it need not fit them all: those that
            it does not fit are then ablated by the default method.
        draws: whether another number only draws another run to take outputs from, so that its effects vary
            with that.
        splits: whether what it puts in the place of a layer's attention is the sum of what it puts in that of
            its heads.
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
    splits: ClassVar[bool] = True
    partial_scopes: ClassVar[bool] = True
    swept: ClassVar[bool] = False
    draws: ClassVar[bool] = False

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

    def needs(self, puzzles: Iterable[Puzzle]) -> tuple[Need, ...]:
        """What must be known before these puzzles can be run with it."""
        return ()

    def outputs(
        self, means: ReferenceMeans, model: PuzzleGPT, prompt: Int[Tensor, "row pos"]
    ) -> RowOutputs | None:
        """What it puts in place of outputs in the rows of a batch; ``None`` if it puts nothing there.

        Args:
            means: with what it needs for their puzzles.
            prompt: whole puzzles, or their beginnings, start token included.

        Raises:
            PuzzlescopeError: if what it needs is not there.
        """
        return None

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

    def over(self, order: str) -> str:
        """What its values are taken over, in a sentence; nothing if it has none.

        Args:
            order: of the grids, as it follows "puzzles": "in the order X f(X) Y f(Y)".
        """
        return ""

    def clause(self, what: str) -> str:
        """How a sentence about a run begins in which this is done: "with all MLPs at their mean".

        Args:
            what: the components, "the attention of layer 1".
        """
        return f"with {what} {self.words}"

    @property
    def changes_pattern(self) -> bool:
        """Whether it changes where heads look."""
        return self.gate.offset is not None or self.gate.pattern

    @property
    def silences(self) -> bool:
        """Whether a component then writes nothing of what it reads."""
        return self.gate.keep == 0

    @classmethod
    def fits(cls, component: Component) -> bool:
        """Whether it can be done to this component."""
        return component.kind in cls.kinds


@dataclass(frozen=True)
class FillingMethod(Method):
    """A method that puts a value of its own in the place of an output, at every position."""

    needs_means = True

    @property
    def gate(self) -> RowGate:
        return RowGate(keep=0, fill=1)

    def hook(self, component: Component, means: RowMeans | None, start: int) -> Hook:
        assert means is not None
        value = value_of(component, means.outputs[self], start)

        def replace(out: Output) -> Output:
            return value[:, : out.shape[1]].expand_as(out)

        return output_hook(component, replace)


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
