"""CircuitsVis's JavaScript, served by the app itself out of the installed package, never from a CDN.

It is copied to where Streamlit serves files from: at set-up (``python -m app.startup.circuitsvis``), else
when a page first needs it. Where nothing can be written, such as in somebody else's checkout, each visitor is
served it from the package instead.
"""

import os
import shutil
import sys
import tempfile
from functools import cache
from importlib import resources
from pathlib import Path

from streamlit import runtime
from streamlit.runtime.media_file_storage import MediaFileStorageError

from interp.errors import PuzzlescopeError

STATIC = Path(__file__).parent.parent / "static"
BUNDLE = "circuitsvis.js"
READABLE = 0o644
"""By everybody: whoever sets up need not be who serves. A temporary file is its maker's alone."""


def source() -> Path:
    """Where the installed package has it."""
    return Path(str(resources.files("circuitsvis"))) / "dist" / "cdn" / "iife.js"


def ensure_bundle(folder: Path = STATIC) -> Path:
    """Put the bundle where the app serves it from, unless it is there already. Returns its path.

    Several may do so at once: each writes a file of its own and then puts it in the place, all in one moment.

    Raises:
        PuzzlescopeError: if it cannot be put there.
    """
    target = folder / BUNDLE
    try:
        if target.exists() and target.stat().st_size == source().stat().st_size:
            return target
        folder.mkdir(parents=True, exist_ok=True)
        _replace(target)
    except OSError as error:
        raise PuzzlescopeError(
            f"Could not copy CircuitsVis's JavaScript to {target}: {error.strerror or error}."
        ) from error
    return target


def _replace(target: Path) -> None:
    handle, name = tempfile.mkstemp(suffix=".partial", dir=target.parent)
    os.close(handle)
    partial = Path(name)
    try:
        shutil.copyfile(source(), partial)
        partial.chmod(READABLE)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


@cache
def _in_place() -> bool:
    """Whether the bundle lies where Streamlit serves it from; tried once a process."""
    try:
        ensure_bundle()
    except PuzzlescopeError:
        return False
    return True


def bundle_address() -> str:
    """Where the browser finds the bundle, relative to the app's own address."""
    if _in_place() or not runtime.exists():
        return f"app/static/{BUNDLE}"
    # As Streamlit serves the pictures of a page: to be said in every run that shows the view.
    try:
        served = runtime.get_instance().media_file_mgr.add(str(source()), "text/javascript", BUNDLE)
    except MediaFileStorageError:
        return f"app/static/{BUNDLE}"  # the view will say that it is not there
    return served.removeprefix("/")


if __name__ == "__main__":
    try:
        print(f"CircuitsVis is in {ensure_bundle()}.")
    except PuzzlescopeError as error:
        sys.exit(str(error))
