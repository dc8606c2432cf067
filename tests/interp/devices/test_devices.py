"""On a card every question has the CPU's answer: tensors are made where the model is."""

from collections.abc import Iterator

import pytest
import torch

from interp.ablation import ReferenceMeans, reference_means
from interp.analyses.question import Question
from interp.model import PuzzleGPT
from tests.interp.devices.pretended import CARD, MixedDevicesError, moved, pretended
from tests.interp.devices.questions import CALLS, QUESTIONS, TOKENS, answer, differences
from tests.support.models import small_model


def taught(model: PuzzleGPT) -> ReferenceMeans:
    return reference_means(model, model.prompt(TOKENS))


@pytest.fixture(scope="module")
def plain() -> tuple[PuzzleGPT, ReferenceMeans]:
    model = small_model()
    return model, taught(model)


@pytest.fixture(scope="module")
def moved_once() -> tuple[PuzzleGPT, ReferenceMeans]:
    model = small_model()
    moved(model)
    with pretended():
        assert model.device == CARD
        return model, taught(model)


@pytest.fixture
def card(moved_once: tuple[PuzzleGPT, ReferenceMeans]) -> Iterator[tuple[PuzzleGPT, ReferenceMeans]]:
    with pretended():
        yield moved_once


def every(kind: type) -> set[type]:
    """The questions that can be asked, of one kind."""
    below = kind.__subclasses__()
    return {one for inner in below for one in every(inner)} if below else {kind}


def test_every_question_is_among_them() -> None:
    asked = {type(question) for question in QUESTIONS.values()}
    assert {one for one in every(Question) if one.__module__.startswith("interp.")} <= asked


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_card_has_the_answers_of_the_cpu(
    name: str, plain: tuple[PuzzleGPT, ReferenceMeans], card: tuple[PuzzleGPT, ReferenceMeans]
) -> None:
    found = answer(QUESTIONS[name], *card)
    with torch._C.DisableTorchFunction():
        assert differences(answer(QUESTIONS[name], *plain), found) == []


@pytest.mark.parametrize("name", CALLS)
def test_so_has_what_is_computed_besides(
    name: str, plain: tuple[PuzzleGPT, ReferenceMeans], card: tuple[PuzzleGPT, ReferenceMeans]
) -> None:
    found = CALLS[name](*card)
    with torch._C.DisableTorchFunction():
        assert differences(CALLS[name](*plain), found) == []


def test_what_is_made_in_the_wrong_place_is_found() -> None:
    with pretended():
        here, there = torch.ones(2), torch.ones(2, device="cuda")
        assert (there.device, (there * 2)[:1].device, there.cpu().device) == (CARD, CARD, here.device)
        assert there.to(here).device == here.device and here.to("cuda").device == CARD
        for wrong in (lambda: here + there, lambda: torch.stack([here, there]), lambda: here[there.long()]):
            with pytest.raises(MixedDevicesError):
                wrong()
        with pytest.raises(TypeError, match=r"Use Tensor\.cpu"):
            there.numpy()
        there.copy_(here)
        there[0] = 3
        assert there.tolist() == [3, 1] and (there + torch.tensor(1)).device == CARD


def test_differences_are_found() -> None:
    one = answer(QUESTIONS["prediction"], small_model(), None)
    other = answer(QUESTIONS["prediction"], small_model(seed=1), None)
    assert differences(one, one) == [] and differences(one, other)
