"""Text for pages."""

import re


def escape_markdown(sentence: str) -> str:
    """A sentence for Streamlit to show as it is: what a link or a visitor wrote in it must not become
    Markdown, or a stranger's link could make the browser fetch a picture from anywhere."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:])", r"\\\1", sentence)
