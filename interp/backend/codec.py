"""Results as bytes and back, exactly, without running anything that stands in a file.

Arrays are kept as safetensors, all else as JSON beside them: numbers, texts, tuples, lists, mappings, and
objects of the classes listed here. Nothing else can be made of a file, whatever stands in it.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors import numpy as arrays_file

from interp.ablation import METHODS, Ablation, Component, ReferenceMeans, Term
from interp.ablation.means import StructureMeans
from interp.analyses.ablation_sweep import SweepState
from interp.analyses.activation_patching import Block, Edit, PatchState
from interp.analyses.composition import Composition
from interp.analyses.failures import FailureState, RuleFit
from interp.analyses.head_roles.role import HeadRole, Role
from interp.analyses.head_roles.roles import Roles
from interp.analyses.head_study import HeadStudy, Sums
from interp.analyses.path_ablation import PathState
from interp.analyses.readers import Reader
from interp.analyses.synergy import SynergyState
from interp.circuits.certificate import Certificate, Chance, Stability, UnderFill, Verdict
from interp.circuits.checks.answers import Answers
from interp.circuits.checks.curve import Curve
from interp.circuits.checks.knockouts import Completeness, Minimality
from interp.circuits.finder import Circuit, Target
from interp.circuits.graph import Graph
from interp.circuits.learned.learning import Halfway
from interp.circuits.questions import Certified, Effects, Search
from interp.circuits.scores import EdgeScores
from interp.model import Config
from interp.tokens import Structure
from interp.why import Check, HeadReason, HeadSplit, Null, Phase
from interp.why.interventions.results import Elsewhere, Intervention, Interventions, Shift

STORED = (
    *(SweepState, SynergyState, PathState, PatchState, FailureState, HeadStudy, Roles, Composition),
    *(Effects, EdgeScores, Search, Certified),
    *(Shift, Interventions, HeadSplit, HeadReason),
    ReferenceMeans,
)
"""Results that take long to compute."""
_PARTS = (
    *(Ablation, Block, Component, Config, Edit, HeadRole, Reader),
    *(Role, RuleFit, Structure, StructureMeans, Sums, Term),
    *(Answers, Certificate, Chance, Circuit, Completeness, Curve, Graph, Halfway, Minimality),
    *(Stability, Target, UnderFill, Verdict),
    *(Check, Elsewhere, Intervention, Null, Phase),
)
CLASSES = {one.__name__: one for one in (*STORED, *_PARTS, *METHODS)}
"""What objects may be of."""


class UnstorableError(Exception):
    """The value, or what stands in the file, is of another kind than this can hold."""


def encode(value: Any, about: str) -> bytes:
    """The bytes of a value.

    Args:
        about: a text that is kept beside it.

    Raises:
        UnstorableError: if it holds something of another kind.
    """
    arrays: dict[str, np.ndarray] = {}
    told = json.dumps(_spelled(value, arrays))
    return arrays_file.save(arrays, {"about": about, "value": told})


def decode(data: bytes) -> tuple[Any, str]:
    """The value of these bytes, and the text that is kept beside it.

    Raises:
        UnstorableError: if they are not such bytes.
    """
    try:
        size = int.from_bytes(data[:8], "little")
        said = json.loads(data[8 : 8 + size])["__metadata__"]
        return _made(json.loads(said["value"]), arrays_file.load(data)), str(said["about"])
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnstorableError(f"{type(error).__name__}: {error}") from error


def spelled(question: Any) -> str:
    """A question as text: two that are not equal have different ones."""
    return json.dumps(_named(question))


def _spelled(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    if value is None or isinstance(value, bool | str) or type(value) is int:
        return value
    if type(value) is float:
        return {"float": value.hex()}
    if isinstance(value, np.ndarray | torch.Tensor):
        kind = "array" if isinstance(value, np.ndarray) else "tensor"
        array = value if isinstance(value, np.ndarray) else value.detach().cpu().numpy()
        if array.dtype.kind not in "biuf":
            raise UnstorableError(f"An array of {array.dtype}.")
        name = str(len(arrays))
        arrays[name] = np.ascontiguousarray(array).reshape(array.shape)
        return {kind: name}
    if type(value) in (tuple, list):
        return {type(value).__name__: [_spelled(one, arrays) for one in value]}
    if isinstance(value, Mapping):
        pairs = [[_spelled(key, arrays), _spelled(one, arrays)] for key, one in value.items()]
        return {"mapping": pairs}
    name = type(value).__name__
    if CLASSES.get(name) is not type(value):
        raise UnstorableError(f"An object of {name}.")
    return {"class": name, "is": {key: _spelled(one, arrays) for key, one in _attributes(value).items()}}


def _made(told: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if not isinstance(told, dict):
        if told is None or isinstance(told, bool | str | int):
            return told
        raise UnstorableError(f"A {type(told).__name__}.")
    if "class" in told:
        return _object(CLASSES[told["class"]], {key: _made(one, arrays) for key, one in told["is"].items()})
    ((kind, content),) = told.items()
    if kind == "float":
        return float.fromhex(content)
    if kind == "array":
        return arrays[content].copy()
    if kind == "tensor":
        return torch.from_numpy(arrays[content].copy())
    if kind in ("tuple", "list"):
        items = [_made(one, arrays) for one in content]
        return tuple(items) if kind == "tuple" else items
    if kind == "mapping":
        return {_made(key, arrays): _made(one, arrays) for key, one in content}
    raise UnstorableError(f"A {kind}.")


def _attributes(value: Any) -> dict[str, Any]:
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return dict(vars(value))


def _object(cls: type, attributes: dict[str, Any]) -> Any:
    if is_dataclass(cls):
        return cls(**attributes)  # it checks them
    made: Any = object.__new__(cls)
    for name, value in attributes.items():
        if not name.isidentifier() or name.startswith("__"):
            raise UnstorableError(f"An attribute {name!r}.")
        setattr(made, name, value)
    return made


def _named(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if is_dataclass(value) and not isinstance(value, type):
        attributes = {field.name: _named(getattr(value, field.name)) for field in fields(value)}
        return {type(value).__name__: attributes}
    if type(value) in (tuple, list):
        return [_named(one) for one in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return {"float": value.hex()}
    raise UnstorableError(f"A question with a {type(value).__name__}.")
