"""The JavaScript of CircuitsVis and of Plotly, served by the app itself out of the installed packages, never
from a CDN.

It is copied to where Streamlit serves files from: at set-up (``python -m app.startup.bundles``), else when a
page first needs it. Where nothing can be written, such as in somebody else's checkout, each visitor is served
it from the package instead.
"""

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from streamlit import runtime
from streamlit.runtime.media_file_storage import MediaFileStorageError

from interp.errors import PuzzlescopeError

STATIC = Path(__file__).parent.parent / "static"
READABLE = 0o644
"""By everybody: whoever sets up need not be who serves. A temporary file is its maker's alone."""


@dataclass(frozen=True)
class Bundle:
    """A script of an installed package.

    Attributes:
        file: what it is called where the app serves it.
        package: that brings it.
        path: where in the package it is.
    """

    file: str
    package: str
    path: str

    @property
    def source(self) -> Path:
        """Where the installed package has it."""
        return Path(str(resources.files(self.package))) / self.path


CIRCUITSVIS = Bundle("circuitsvis.js", "circuitsvis", "dist/cdn/iife.js")
PLOTLY = Bundle("plotly.js", "plotly", "package_data/plotly.min.js")
BUNDLES = (CIRCUITSVIS, PLOTLY)


def ensure_bundle(bundle: Bundle, folder: Path = STATIC) -> Path:
    """Put a bundle where the app serves it from, unless it is there already. Returns its path.

    Several may do so at once: each writes a file of its own and then puts it in the place, all in one moment.

    Raises:
        PuzzlescopeError: if it cannot be put there.
    """
    target = folder / bundle.file
    try:
        if target.exists() and target.stat().st_size == bundle.source.stat().st_size:
            return target
        folder.mkdir(parents=True, exist_ok=True)
        _replace(bundle, target)
    except OSError as error:
        raise PuzzlescopeError(
            f"Could not copy the JavaScript of {bundle.package} to {target}: {error.strerror or error}."
        ) from error
    return target


def _replace(bundle: Bundle, target: Path) -> None:
    handle, name = tempfile.mkstemp(suffix=".partial", dir=target.parent)
    os.close(handle)
    partial = Path(name)
    try:
        shutil.copyfile(bundle.source, partial)
        partial.chmod(READABLE)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


@cache
def _in_place(bundle: Bundle) -> bool:
    """Whether a bundle lies where Streamlit serves it from; tried once a process."""
    try:
        ensure_bundle(bundle)
    except PuzzlescopeError:
        return False
    return True


def bundle_address(bundle: Bundle) -> str:
    """Where the browser finds a bundle, relative to the app's own address."""
    if _in_place(bundle) or not runtime.exists():
        return f"app/static/{bundle.file}"
    # As Streamlit serves the pictures of a page: to be said in every run that shows the view.
    try:
        manager = runtime.get_instance().media_file_mgr
        served = manager.add(str(bundle.source), "text/javascript", bundle.file)
    except MediaFileStorageError:
        return f"app/static/{bundle.file}"  # the view will say that it is not there
    return served.removeprefix("/")


if __name__ == "__main__":
    try:
        for one in BUNDLES:
            print(f"The JavaScript of {one.package} is in {ensure_bundle(one)}.")
    except PuzzlescopeError as error:
        sys.exit(str(error))
