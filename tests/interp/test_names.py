"""The front door: every name is there, typed, and imported only when it is used."""

import ast
import inspect
import subprocess
import sys
from importlib import import_module

import pytest

import interp
from interp.names import HOMES
from tests.support.places import ROOT


@pytest.mark.parametrize("name", sorted(HOMES))
def test_a_name_is_what_its_module_defines(name: str) -> None:
    assert getattr(interp, name) is getattr(import_module(HOMES[name]), name)
    assert inspect.getdoc(getattr(interp, name)), "it says what it does"


def test_what_type_checkers_see_is_what_there_is() -> None:
    tree = ast.parse((ROOT / "interp" / "__init__.py").read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == {**HOMES, "figures": "interp"}
    assert dir(interp) == sorted(seen)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'explain_everything'"):
        _ = interp.explain_everything


def test_looking_at_it_imports_nothing_heavy() -> None:
    program = "import sys, interp; dir(interp); sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
