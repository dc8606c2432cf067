"""The notebook in examples/ runs, and its saved outputs are what it prints."""

import contextlib
import io
import json
import re
from typing import Any

import pytest

from tests.support.places import ROOT

NOTEBOOK = ROOT / "examples" / "attention_and_induction_heads.ipynb"
NUMBER = re.compile(r"[-+]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?")


def numbers(text: str) -> list[float]:
    return [float(found.replace(",", "")) for found in NUMBER.findall(text)]


@pytest.mark.slow
def test_every_cell_prints_what_is_saved() -> None:
    names: dict[str, Any] = {}
    for number, cell in enumerate(json.loads(NOTEBOOK.read_text())["cells"]):
        if cell["cell_type"] != "code":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)  # noqa: S102 (our own)
        saved = "".join(line for output in cell["outputs"] for line in output["text"])
        said = printed.getvalue()
        assert NUMBER.sub("", said) == NUMBER.sub("", saved), f"cell {number}"
        # Another processor adds in another order: small losses differ in their second digit.
        assert numbers(said) == pytest.approx(numbers(saved), rel=0.05, abs=0.011), f"cell {number}"
