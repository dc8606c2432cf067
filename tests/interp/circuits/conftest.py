"""A model of which every class of edges has effects, and runs of pairs that a file's own tells apart."""

import pytest

from interp.circuits.runs import CircuitRuns
from interp.engine.forward import weights_of
from interp.model import PuzzleGPT
from interp.pairs import Pair
from tests.interp.circuits.by_hooks import pairs_with_a_gap, sharp_model


@pytest.fixture(scope="session")
def model() -> PuzzleGPT:
    return sharp_model()


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    return pairs_with_a_gap()


@pytest.fixture(scope="module")
def runs(model: PuzzleGPT, pairs: list[Pair]) -> CircuitRuns:
    return CircuitRuns(weights_of(model), pairs)
