"""CircuitsVis's JavaScript, served by the app itself: copied out of the installed package, never from a CDN.

The dashboard calls this when it starts; ``python -m app.bundle`` does it ahead of time, where the server may not write.
"""

import shutil
from importlib import resources
from pathlib import Path

from interp.errors import PuzzlescopeError

STATIC = Path(__file__).parent / "static"
BUNDLE = "circuitsvis.js"


def ensure_bundle(folder: Path = STATIC) -> Path:
    """Put the bundle where the app serves it from, unless it is there already. Returns its path.

    Raises:
        PuzzlescopeError: if it cannot be put there.
    """
    source = Path(str(resources.files("circuitsvis"))) / "dist" / "cdn" / "iife.js"
    target = folder / BUNDLE
    if target.exists() and target.stat().st_size == source.stat().st_size:
        return target
    partial = target.with_suffix(".partial")
    try:
        folder.mkdir(exist_ok=True)
        shutil.copyfile(source, partial)
        partial.replace(target)
    except OSError as error:
        raise PuzzlescopeError(
            f"Could not copy CircuitsVis's JavaScript to {target}: {error.strerror or error}."
        ) from error
    return target


if __name__ == "__main__":
    print(f"CircuitsVis is in {ensure_bundle()}.")
