"""Shapes and types are checked at every call into interp, and what has been seen to fit is not looked at
again.

jaxtyping's wrapper looks at every argument of every call twice, which took two thirds of the time of a test
that decodes. Whether a call fits depends on the types, shapes and dtypes of what is given and returned, and
of texts on what they say: a call that is like an earlier one in all of these fits as that one did. So the
first call of each kind is checked, by jaxtyping as ever, and those like it are run as they are.
"""

import functools
import threading
from collections import defaultdict
from collections.abc import Callable, Hashable
from types import FunctionType
from typing import Any

import jaxtyping
import numpy as np
import torch

MOST_ITEMS = 8
"""A longer list, tuple or dictionary, unless of numbers, is checked whenever it comes: the checker looks at
one of its items, and at another the next time."""
MOST_KINDS = 5000
"""So many kinds of calls of one function are remembered."""
SEEN: dict[tuple[str, str, int], set[Hashable]] = defaultdict(set)
"""By the function. One that stands in another is made anew at each call of that, and is the same."""
LONGEST_WORD = 40
PLAIN = frozenset([int, float, bool, type(None), np.float32, np.float64, np.int64, np.bool_])


class _UnlikeError(Exception):
    """It cannot be said in short what this is."""


def kind_of(value: Any) -> Hashable:
    """All that a check of this value can depend on.

    Raises:
        _UnlikeError: if that is too much to say.
    """
    own = type(value)
    if own in PLAIN:
        return own
    if own is str:
        return value[:LONGEST_WORD]  # it may have to be one of a list of words
    if isinstance(value, type):
        return own, value
    if isinstance(value, torch.Tensor | np.ndarray):
        return own, value.shape, value.dtype
    if isinstance(value, dict):
        return own, _kinds_of(value), _kinds_of(value.values())
    if isinstance(value, tuple | list | set | frozenset):
        return own, _kinds_of(value)
    return own


def _kinds_of(values: Any) -> Hashable:
    if len(values) <= MOST_ITEMS:
        return tuple(map(kind_of, values))
    types = frozenset(map(type, values))
    if types <= PLAIN:
        return types, len(values) if isinstance(values, tuple) else 0
    raise _UnlikeError


class Checked:
    """A function whose calls are checked once for each kind.

    Args:
        plain: the function.
        check: jaxtyping's decorator.
    """

    def __init__(self, plain: FunctionType, check: Callable[[Any], Any]) -> None:
        self.plain, self.check = plain, check
        self.seen = SEEN[plain.__module__, plain.__qualname__, plain.__code__.co_firstlineno]
        self.given = threading.local()

    @functools.cached_property
    def whole(self) -> Callable[..., Any]:
        """The function with jaxtyping's checks, made when it is first called: most never are in a run."""
        return self.check(self.plain)

    @functools.cached_property
    def result(self) -> Callable[..., Any]:
        """The same checks around what has been computed already."""
        given = self.given

        def echo(*_: Any, **__: Any) -> Any:
            return given.result

        inner = FunctionType(echo.__code__, self.plain.__globals__, closure=echo.__closure__)
        return self.check(functools.wraps(self.plain)(inner))

    def __call__(self, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        try:
            kind = (tuple(map(kind_of, args)), tuple((name, kind_of(options[name])) for name in options))
        except _UnlikeError:
            return self.whole(*args, **options)
        if kind not in self.seen:
            found = self.whole(*args, **options)
            self._remember(kind)
            self._remember(self._with(kind, found))
            return found
        found = self.plain(*args, **options)
        both = self._with(kind, found)
        if both not in self.seen:
            self.given.result = found
            try:
                self.result(*args, **options)
            finally:
                del self.given.result
            self._remember(both)
        return found

    @staticmethod
    def _with(kind: Hashable, found: Any) -> Hashable:
        try:
            return kind, kind_of(found)
        except _UnlikeError:
            return None

    def _remember(self, kind: Hashable) -> None:
        if kind is not None and len(self.seen) < MOST_KINDS:
            self.seen.add(kind)


def install() -> None:
    """What is imported from now on is checked in this way, where jaxtyping's import hook says that it is
    checked."""
    jaxtyped = jaxtyping.jaxtyped

    def once_a_kind(plain: Any = None, *, typechecker: Any) -> Any:
        if plain is None:
            return functools.partial(once_a_kind, typechecker=typechecker)
        check = jaxtyped(typechecker=typechecker)
        if not isinstance(plain, FunctionType):
            return check(plain)
        checked = Checked(plain, check)

        @functools.wraps(plain)
        def call(*args: Any, **options: Any) -> Any:
            __tracebackhide__ = True
            return checked(args, options)

        return call

    vars(jaxtyping)["jaxtyped"] = once_a_kind
