"""What has changed since a component was sent: only that travels, while the component stays as it is.

A component that takes news sends its data by :func:`sent` and hears of news by ``news.js``.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import streamlit as st

_SENT = "sent-to-browser"
KEY, EDITION = "key", "edition"
"""Fields of the data that say of which component, and which sending, they are: news are of one, and of no
other."""


class News(TypedDict):
    """What is new of one component.

    Attributes:
        edition: of which sending.
        set: fields, as they are now.
        into: fields of which only some entries are other than before.
    """

    edition: int
    set: dict[str, Any]
    into: dict[str, dict[str, Any]]


@dataclass(frozen=True, eq=False)
class _Sent:
    """What a browser has of a component.

    Attributes:
        edition: of its last sending.
        data: what was sent.
        now: the same with all news since.
    """

    edition: int
    data: dict[str, Any]
    now: dict[str, Any]


def _all() -> dict[str, _Sent]:
    found: dict[str, _Sent] = st.session_state.setdefault(_SENT, {})
    return found


def sent(key: str, data: dict[str, Any]) -> dict[str, Any]:
    """The data as they are sent: what is sent now, the next news of this component are compared with."""
    before = _all().get(key)
    # The same message once more is one that the browser has kept, and Streamlit does not send it.
    if before is None or before.now is not before.data or before.data != data:
        # Also of a server that was started anew: no number that one before it has given.
        _all()[key] = _Sent(time.time_ns() // 1000, data, data)
    return {**data, KEY: key, EDITION: _all()[key].edition}


def shown(key: str) -> dict[str, Any]:
    """The data of a component as its browser has them: what can be clicked there."""
    return _all()[key].now if key in _all() else {}


def since_sent(key: str, data: dict[str, Any]) -> News | None:
    """What is new in these data; ``None`` if nothing is, or if this component was never sent."""
    before = _all().get(key)
    if before is None:
        return None
    found = changes(before.now, data)
    if not (found["set"] or found["into"]):
        return None
    _all()[key] = _Sent(before.edition, before.data, {**before.now, **data})
    return News(edition=before.edition, set=found["set"], into=found["into"])


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The fields that differ, whole ("set") or, of a field that has entries of which none is gone, only those
    that differ ("into").

    >>> changes({"a": 1, "tiles": {"x": 1, "y": 2}}, {"a": 1, "tiles": {"x": 1, "y": 3}})
    {'set': {}, 'into': {'tiles': {'y': 3}}}
    """
    found: dict[str, dict[str, Any]] = {"set": {}, "into": {}}
    for name, now in after.items():
        then = before.get(name)
        if name in before and then == now:
            continue
        if isinstance(now, dict) and isinstance(then, dict) and then.keys() <= now.keys():
            found["into"][name] = {
                part: one for part, one in now.items() if part not in then or then[part] != one
            }
        else:
            found["set"][name] = now
    return found
