"""What runs here, and since when."""

import platform
import time
from collections.abc import Mapping
from typing import Final

import streamlit

from interp.machine import own_version

BEGUN: Final = time.time()
"""Seconds since 1970."""


VERSIONS: Final[Mapping[str, str]] = {
    "version": own_version(),
    "streamlit": streamlit.__version__,
    "python": platform.python_version(),
}
