"""Words of Plotly figures, and numbers at axes, as plain text."""

import re
from html import unescape

_TAG = re.compile("<[^<>]*>")
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def writable(text: str) -> str:
    """The text without what XML cannot hold."""
    return _UNWRITABLE.sub("", text)


def plain(text: object) -> str:
    """A text of Plotly's, which may hold a little HTML, as plain text.

    >>> plain("<b>L1.H4</b> &amp; more<br>below")
    'L1.H4 & more\\nbelow'
    """
    return writable(unescape(_TAG.sub("", str(text or "").replace("<br>", "\n"))))


def written(value: float, form: str | None = None) -> str:
    """A number at an axis, with a real minus sign.

    >>> written(0.00001), written(-2.5), written(0.25, ".0%"), written(10.0)
    ('1e-5', '−2.5', '25%', '10')
    """
    text = f"{value:{form}}" if form else re.sub("e([+-])0*", lambda sign: f"e{sign[1]}", f"{value:g}")
    return text.replace("-", "−") if "e" not in text else text.replace("e+", "e")
