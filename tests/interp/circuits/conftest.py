"""A model of which every class of edges has effects."""

import pytest

from interp.model import PuzzleGPT
from tests.interp.circuits.by_hooks import sharp_model


@pytest.fixture(scope="session")
def model() -> PuzzleGPT:
    return sharp_model()
