"""The server. Start it with ``make run``, or ``streamlit run app/main.py``.

It serves ``app/router.py`` to every visitor, and around it what a deployment needs (``app/server``).
"""

import os
import sys
from pathlib import Path

import streamlit as st

# Streamlit puts this file's folder on the path; `app` and `interp` lie beside it.
ROOT = Path(__file__).parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

# Threads of PyTorch that wait for each other sleep instead of spinning: else they hold the cores that the
# pages of other visitors, or a browser on this machine, need. To be said before PyTorch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# A page that computes lets the server have the interpreter after a millisecond instead of five: with two
# pages at work (app/server/crowd) the server then waits 2.5 ms instead of 6 to 15 for each of its own steps,
# and pages lose 3 to 7 % of their time.
sys.setswitchinterval(0.001)

from app.server.serving import begin  # noqa: E402
from app.views import ADMIN, PAGES  # noqa: E402

serving = begin([page.name for page in (*PAGES, ADMIN)])
# Streamlit knows by this assignment, as it is written here, that this file is a server and no page.
app = st.App(
    ROOT / "app" / "router.py",
    routes=serving.routes,
    middleware=serving.middleware,
    lifespan=serving.lifespan,
    on_script_error=serving.script_failed,
)
