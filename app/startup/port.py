"""Say where the dashboard will be, or in one sentence why it cannot be there.

Streamlit's own words for a port that is taken are "Port 8501 is not available"; for one out of range it has
only a traceback.
"""

import errno
import socket
from itertools import islice

EVERYWHERE = ("0.0.0.0", "::")


def occupied(address: str, port: int) -> OSError | None:
    """The reason why a server cannot listen there, or None if it can."""
    family, kind, protocol, _, target = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(target)
            probe.listen()
        except OSError as error:
            return error
    return None


def answers(address: str, port: int) -> bool:
    """Whether a server is there already: macOS lets two programs bind if one of them listens everywhere."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1" if address in EVERYWHERE else address, port)) == 0


def free_port(address: str, after: int) -> int | None:
    candidates = (port for port in range(after + 1, 65536) if occupied(address, port) is None)
    return next(islice(candidates, 1), None)


def problem(address: str, port_text: str) -> str | None:
    """One sentence on why the dashboard cannot be served there, or None if it can."""
    if not (port_text.isascii() and port_text.isdigit() and 1 <= int(port_text) <= 65535):
        return f"PORT must be a number from 1 to 65535, got {port_text!r}."
    port = int(port_text)
    try:
        error = occupied(address, port)
    except socket.gaierror:
        return f"ADDRESS must be an address of this machine, such as 127.0.0.1 or 0.0.0.0, got {address!r}."
    if error is None and not answers(address, port):
        return None
    if error is None or error.errno == errno.EADDRINUSE:
        free = free_port(address, port) or 8501
        return (
            f"Port {port} is in use by another program: take {free}, say (`make run PORT={free}`, "
            f"`puzzlescope run --port {free}`)."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} needs administrator's rights: choose one above 1023, 8501 for example."
    return f"Cannot listen on {address}, port {port}: {error.strerror}."


def announcement(address: str, port: str) -> str:
    """Where the dashboard will be."""
    shown = "localhost" if address in ("127.0.0.1", *EVERYWHERE) else address
    return f"Puzzlescope: http://{shown}:{int(port)} (Ctrl-C stops it)"
