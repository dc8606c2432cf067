"""A story as one HTML file."""

from app.widgets.story_file.file import FileScene, Picture, made

__all__ = ["FileScene", "Picture", "made"]
