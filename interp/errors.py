"""The library's own exception: what a caller got wrong, in one sentence a person can act on."""


class PuzzlescopeError(Exception):
    """Bad input. The message says what was expected, what came, and what to do.

    The command line prints it and exits with 2; the dashboard shows it in place of the page. Anything else
    that escapes is a bug in Puzzlescope itself.
    """


class UnavailableError(PuzzlescopeError):
    """What is asked for cannot be had of a model of this kind. Nobody has done anything wrong: the dashboard
    says it as a notice."""


def brief(text: object, length: int = 40) -> str:
    """What somebody wrote, made fit to be quoted in a message: one line, printable, and cut where it is long.

    >>> brief("L1.attn")
    'L1.attn'
    >>> brief("x" * 200_000, 6)
    'xxxxx…'
    """
    begun = str(text)[: 4 * length]
    words = " ".join("".join(one if one.isprintable() else " " for one in begun).split())
    return words if len(words) <= length and len(begun) == len(str(text)) else f"{words[: length - 1]}…"
