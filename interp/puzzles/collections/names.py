"""What a collection may be called: what can be the name of a file everywhere, and is not taken for another's.

>>> checked_name("  Frames,  the hard ones ")
'Frames, the hard ones'
>>> alike("Frames 10") == alike("FRAMES lO"), alike("Frames 10") == alike("Frames 11")
(True, False)
"""

import unicodedata

from interp.errors import PuzzlescopeError, brief

LONGEST_NAME = 60
"""Letters. With an ending they fit every file system's 255 bytes."""
LONGEST_NOTES = 2000
"""Letters of a collection's notes."""

FORBIDDEN = '/\\:*?"<>|'
"""Signs that part folders somewhere, or may not stand in a file's name."""
DEVICES = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)))
)
"""What Windows takes for a device, whatever its ending."""
INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
"""Signs that count as printable and show nothing; variation selectors are refused besides."""

# What is drawn nearly as a Latin letter is, each before the one it is taken for; all in small letters.
_DIGITS = "0o 1l il |l"
_CYRILLIC = "аa вb гr ԁd еe ёe һh іl їl јj кk мm нh оo рp сc ѕs тt уy хx ьb ѵv ԛq ԝw"  # noqa: RUF001
_GREEK = "αa βb γy εe ηn ιl κk νv οo ρp τt υu χx ωw"  # noqa: RUF001
_MARKS = "‐- ‑- ‒- –- —- −- ’' ‘' `' ´' “\" ”\""  # noqa: RUF001
_PAIRS = f"{_DIGITS} {_CYRILLIC} {_GREEK} {_MARKS}".split()
_LOOKS = str.maketrans({pair[0]: pair[1] for pair in _PAIRS})


def checked_name(name: str) -> str:
    """A name as it is kept: without white space around it, a single space within.

    Raises:
        PuzzlescopeError: saying what it may not be.
    """
    found = " ".join(unicodedata.normalize("NFC", name).split())
    if not found:
        raise PuzzlescopeError("A collection needs a name: give it at least one letter.")
    if len(found) > LONGEST_NAME or len(found.encode("utf-8", "replace")) > 4 * LONGEST_NAME:
        raise PuzzlescopeError(
            f"A collection's name has at most {LONGEST_NAME} letters, got {len(found):,}: '{brief(found)}'."
        )
    hidden = [c for c in name if not c.isprintable() or c in INVISIBLE or "\ufe00" <= c <= "\ufe0f"]
    if hidden:
        raise PuzzlescopeError(
            f"A collection's name is text on one line that can be seen, got the sign U+{ord(hidden[0]):04X}"
            f" in '{brief(found)}'."
        )
    wrong = next((c for c in found if c in FORBIDDEN), None)
    if wrong is not None:
        raise PuzzlescopeError(
            f"A collection's name becomes that of a file and stays in its folder: it cannot have {wrong} in"
            f" it, got '{brief(found)}'."
        )
    if found.startswith((".", "~", "-")) or found.endswith(".") or found.split(".")[0].lower() in DEVICES:
        raise PuzzlescopeError(
            f"A collection's name becomes that of a file: it cannot begin with a dot, ~ or -, end with a"
            f" dot, or be a device's such as nul; got '{brief(found)}'."
        )
    return found


def checked_notes(notes: str) -> str:
    """Notes as they are kept, on several lines if need be.

    Raises:
        PuzzlescopeError: if they are too long, or hold what is no text.
    """
    found = notes.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(found) > LONGEST_NOTES:
        raise PuzzlescopeError(
            f"A collection's notes have at most {LONGEST_NOTES:,} letters, got {len(found):,}: shorten them."
        )
    wrong = [c for c in found if not (c.isprintable() or c in "\n\t")]
    if wrong:
        raise PuzzlescopeError(f"Notes are plain text, got the sign U+{ord(wrong[0]):04X} in them.")
    return found


def alike(name: str) -> str:
    """The same for names that a person may take for one another: capitals, 0 and O, 1 and l and I, rn and m,
    letters of other scripts that are drawn like Latin ones, kinds of dashes and quotation marks."""
    # Twice: what the table makes may be folded further, and a folded letter may be in the table.
    folded = unicodedata.normalize("NFKC", name).casefold()
    looks = unicodedata.normalize("NFKC", folded.translate(_LOOKS)).casefold()
    return " ".join(looks.replace("rn", "m").split())
