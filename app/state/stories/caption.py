"""A caption's Markdown, as spans of text: what a browser is given, and what is written to a file.

Only this is Markdown in a caption: paragraphs, **bold**, *italic* and `code`. A link is its words, an image
is nothing but text, and so is HTML: a story comes from strangers, and reading one fetches nothing.
"""

import re
from html import escape
from typing import NamedTuple

_SPANS = re.compile(
    r"\*\*(?P<strong>[^*\n]+)\*\*|\*(?P<em>[^*\s][^*\n]*)\*|`(?P<code>[^`\n]+)`|\[(?P<link>[^\[\]\n]+)\]\([^()\s]*\)"
)


class Span(NamedTuple):
    """A piece of a paragraph: ``kind`` is the HTML element it is, or empty for plain text."""

    kind: str
    text: str


Paragraph = tuple[Span, ...]


def paragraphs(caption: str) -> tuple[Paragraph, ...]:
    """The paragraphs of a caption.

    >>> paragraphs("One *head* copies.")
    ((Span(kind='', text='One '), Span(kind='em', text='head'), Span(kind='', text=' copies.')),)
    """
    blocks = (" ".join(block.split("\n")) for block in re.split(r"\n\s*\n", caption))
    return tuple(_spans(block) for block in blocks if block)


def _spans(text: str) -> Paragraph:
    spans, end = [], 0
    for found in _SPANS.finditer(text):
        kind = found.lastgroup or ""
        spans += [Span("", text[end : found.start()]), Span("" if kind == "link" else kind, found[kind])]
        end = found.end()
    return tuple(span for span in [*spans, Span("", text[end:])] if span.text)


def html(caption: str) -> str:
    """A caption as HTML, in which everything that it says is escaped."""
    return "".join(f"<p>{''.join(map(_element, paragraph))}</p>" for paragraph in paragraphs(caption))


def _element(span: Span) -> str:
    text = escape(span.text)
    return f"<{span.kind}>{text}</{span.kind}>" if span.kind else text
