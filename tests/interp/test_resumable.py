"""Computations that pause."""

from functools import wraps

import numpy as np
import pytest
import torch

from interp.ablation import parse_ablation
from interp.engine.predict import predict
from interp.resumable import Steps, finish, resumable, without_gradients
from tests.support.models import six_puzzles, small_model


def asking(n: int, closed: list[bool]) -> Steps[bool, int]:
    """Tells at every step whether it runs in inference mode."""
    try:
        for _ in range(n):
            yield torch.is_inference_mode_enabled()
    finally:
        closed.append(torch.is_inference_mode_enabled())
    return n


def seen_through(make):
    """A decorator that hides that what it decorates is a generator function, as the shape checks do."""

    @wraps(make)
    def call(*args, **kwargs):
        return make(*args, **kwargs)

    return call


def test_inference_mode_holds_in_every_step_and_in_no_pause() -> None:
    closed: list[bool] = []
    steps, inside = without_gradients(seen_through(asking))(3, closed), []
    while True:
        try:
            inside.append(next(steps))
        except StopIteration as stop:
            assert stop.value == 3
            break
        assert not torch.is_inference_mode_enabled()
    assert inside == [True] * 3 and closed == [True]
    assert not torch.is_inference_mode_enabled()


def test_who_stops_a_computation_closes_what_it_runs() -> None:
    closed: list[bool] = []
    steps = without_gradients(asking)(3, closed)
    next(steps)
    steps.close()
    assert len(closed) == 1


def test_an_error_comes_through() -> None:
    @without_gradients
    def failing() -> Steps[None, None]:
        yield None
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        finish(failing())
    assert not torch.is_inference_mode_enabled()


def test_a_model_in_training_is_predicted_like_one_at_rest() -> None:
    model, tokens = small_model(), six_puzzles()
    ablation = parse_ablation("L1.attn", model.cfg)
    found = predict(model, tokens, ablation)
    learning = small_model().requires_grad_(True)
    again = predict(learning, tokens, ablation)
    assert np.array_equal(found.greedy, again.greedy)
    np.testing.assert_array_equal(found.loss.cells, again.loss.cells)


def test_a_resumable_computation_runs_to_its_end_or_step_by_step() -> None:
    @resumable
    def sum_up(numbers: list[int], *, start: int = 0) -> Steps[int, int]:
        """Their sum."""
        for number in numbers:
            assert torch.is_inference_mode_enabled()
            start += number
            yield start
        return start

    assert sum_up([1, 2, 3], start=1) == 7 and sum_up.__doc__ == "Their sum."
    steps = sum_up.steps([1, 2, 3])
    assert next(steps) == 1 and not torch.is_inference_mode_enabled()
    assert [*steps] == [3, 6] and finish(sum_up.steps([])) == 0
