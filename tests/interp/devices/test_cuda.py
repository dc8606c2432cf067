"""The same on a real card. Without one this file is not collected: tests/conftest.py."""

import pytest

from interp.ablation import reference_means
from interp.backend import Backend
from interp.checkpoints import load_model
from tests.interp.devices.questions import CALLS, QUESTIONS, TOKENS, answer, differences
from tests.support.models import small_model


@pytest.mark.parametrize("name", [*QUESTIONS, *CALLS])
def test_a_card_has_the_answers_of_the_cpu(name: str) -> None:
    found = []
    for device in ("cpu", "cuda"):
        model = small_model().to(device)
        means = reference_means(model, model.prompt(TOKENS))
        asked = QUESTIONS.get(name)
        found.append(CALLS[name](model, means) if asked is None else answer(asked, model, means))
    assert differences(*found) == []


def test_the_backend_puts_models_on_it(model_folder: str) -> None:
    backend = Backend(device="cuda")
    question = QUESTIONS["prediction"]
    assert backend.model(model_folder).device.type == "cuda"
    found, expected = backend.ask(model_folder, question), answer(question, load_model(model_folder), None)
    assert differences(expected, found) == []
    backend.close()
