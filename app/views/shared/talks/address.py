"""The dashboard's own address, for links that are sent to others."""

from urllib.parse import urlsplit

import streamlit as st

from app.views import PAGES


def address() -> str:
    """As this visitor's browser has it, with a slash at its end; empty where there is no browser."""
    return root_of(st.context.url or "")


def root_of(url: str) -> str:
    """The address of the first page, from that of any.

    >>> root_of("http://localhost:8501"), root_of("https://example.org/puzzles/heads?off=L1.attn")
    ('http://localhost:8501/', 'https://example.org/puzzles/')
    """
    parts = urlsplit(url)
    if not parts.netloc:
        return ""
    path, last = parts.path.rstrip("/").rpartition("/")[::2]
    if last not in {page.url_path for page in PAGES}:
        path = parts.path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}/"
