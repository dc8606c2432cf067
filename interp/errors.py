"""The library's own exception: what a caller got wrong, in one sentence a person can act on."""


class PuzzlescopeError(Exception):
    """Bad input. The message says what was expected, what came, and what to do.

    The command line prints it and exits with 2; the dashboard shows it in place of the page. Anything else that
    escapes is a bug in Puzzlescope itself.
    """
