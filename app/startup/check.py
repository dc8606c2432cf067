"""Ask the server on this machine how it is, for those who start and watch it:

    python -m app.startup.check [/ready] [--port 8501] [--wait SECONDS] [--pid PID]

It prints what the server says and ends with 0 if it is well, else with 1. Only the standard library is used:
a container asks every half minute.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException

PATHS = ("/ready", "/live")
PAUSE_SECONDS = 1.0


def ask(path: str, port: int, seconds: float = 4.0) -> tuple[bool, str]:
    """Whether the server answers 200 there, and its words.

    Args:
        path: under the base path, which the environment tells.
        seconds: how long it may take.
    """
    base = os.environ.get("STREAMLIT_SERVER_BASE_URL_PATH", "").strip("/")
    connection = HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", f"/{base}{path}" if base else path)
        answer = connection.getresponse()
        said = answer.read(1000).decode("utf-8", "replace").strip()
        # An unknown path answers 200 with the page itself.
        plain = answer.getheader("Content-Type", "").startswith("text/plain")
    except (OSError, HTTPException) as error:
        return False, f"No answer on port {port}: {error}."
    finally:
        connection.close()
    if answer.status == 200 and not plain:
        return False, f"Something else answers on port {port}."
    return answer.status == 200, said


def wait(
    question: Callable[[], tuple[bool, str]], seconds: float, alive: Callable[[], bool] = lambda: True
) -> tuple[bool, str]:
    """Ask until the answer is yes, for so long, while the server is alive."""
    deadline = time.monotonic() + seconds
    while True:
        well, said = question()
        if well or time.monotonic() >= deadline or not alive():
            return well, said
        time.sleep(PAUSE_SECONDS)


def lives(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description="Ask the server on this machine how it is.")
    parser.add_argument("path", nargs="?", default=PATHS[0], choices=PATHS)
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument("--wait", type=float, default=0.0, metavar="SECONDS", help="ask again for so long")
    parser.add_argument(
        "--pid", type=int, help="of the server: once it has ended there is nothing to wait for"
    )
    arguments = parser.parse_args()
    pid = arguments.pid
    well, said = wait(
        lambda: ask(arguments.path, arguments.port), arguments.wait, lambda: pid is None or lives(pid)
    )
    print(said, file=sys.stdout if well else sys.stderr)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
