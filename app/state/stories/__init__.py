"""Stories: scenes with captions, in the order in which they are told."""

from app.state.stories.markdown_file import ENDING, parse, write
from app.state.stories.packed import MARK, pack, unpack
from app.state.stories.shelf import FOLDER, opened, shelf
from app.state.stories.story import Story, StoryScene

__all__ = [
    "ENDING",
    "FOLDER",
    "MARK",
    "Story",
    "StoryScene",
    "opened",
    "pack",
    "parse",
    "shelf",
    "unpack",
    "write",
]
