"""What runs here, and since when."""

import platform
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import streamlit

BEGUN: Final = time.time()
"""Seconds since 1970."""


def _own_version() -> str:
    try:
        return version("puzzlescope")
    except PackageNotFoundError:  # run from a folder, not installed
        return "source"


VERSIONS: Final[Mapping[str, str]] = {
    "version": _own_version(),
    "streamlit": streamlit.__version__,
    "python": platform.python_version(),
}
