"""A whole story in a link: its file's text, compressed, in letters that an address may hold."""

import base64
import binascii
import zlib

from app.state.stories.markdown_file import LONGEST_FILE, parse, write
from app.state.stories.story import Story, name_of
from interp.errors import PuzzlescopeError

MARK = "~"
"""What a packed story begins with; no story's name does."""
LONGEST_LINK = 6000
"""Characters: some servers and chat programs cut longer addresses."""


def pack(story: Story) -> str:
    """The story as text for a link.

    Raises:
        PuzzlescopeError: if it is too long for one.
    """
    squeezed = zlib.compress(write(story).encode(), 9)
    packed = MARK + base64.urlsafe_b64encode(squeezed).decode().rstrip("=")
    if len(packed) > LONGEST_LINK:
        raise PuzzlescopeError(
            f"This story would make a link of {len(packed):,} characters, and at most {LONGEST_LINK:,} are"
            " safe to send: share it as a file instead."
        )
    return packed


def unpack(text: str) -> Story:
    """The story that a link holds.

    Raises:
        PuzzlescopeError: if it is damaged or too long.
    """
    if len(text) > LONGEST_LINK:
        raise PuzzlescopeError(f"A story in a link has at most {LONGEST_LINK:,} characters.")
    words = _text(text.removeprefix(MARK))
    title = next((line for line in words.split("\n") if line.startswith("title:")), "")
    return parse(words, name_of(title.removeprefix("title:")))


def _text(packed: str) -> str:
    damaged = PuzzlescopeError("The story in this link is damaged: copy the whole link once more.")
    try:
        squeezed = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
        opened = zlib.decompressobj()
        # Never more than a file may hold, however much a stranger's link claims to.
        words = opened.decompress(squeezed, 4 * LONGEST_FILE)
        if not opened.eof or opened.unused_data:
            raise damaged
        return words.decode()
    except (ValueError, binascii.Error, zlib.error) as error:
        raise damaged from error
