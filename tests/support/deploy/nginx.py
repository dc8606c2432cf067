"""A real nginx with the configuration of ``deploy/nginx``, on ports of its own and as an ordinary program."""

import os
import shlex
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.dashboard import free_port
from scripts.find_program import NGINX, OPENSSL
from tests.support.places import ROOT

FILES = ROOT / "deploy" / "nginx"

MAIN = """
{user}
daemon off;
worker_processes 1;
error_log stderr warn;
pid {folder}/nginx.pid;
events {{ worker_connections 256; }}
http {{
    include {folder}/mime.types;
    log_format processes '$status $upstream_addr $puzzlescope_visitor $request_uri';
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/conf.d/puzzlescope.conf;
}}
"""
LOG = "access_log /var/log/nginx/access.log puzzlescope;"
MIME_TYPES = "types { text/html html; }"


@dataclass(frozen=True)
class Front:
    """A running nginx.

    Attributes:
        plain: its address without TLS, which leads to the other.
        secure: its address with TLS.
        trust: that takes its certificate.
        log: the file of what was asked, and of which process, for tests.
        own_log: what the configuration itself writes down.
        errors: likewise, of errors.
    """

    plain: str
    secure: str
    trust: ssl.SSLContext
    log: Path
    own_log: Path
    errors: Path


def install(folder: Path, upstream: Sequence[int], base: str = "") -> tuple[int, int]:
    """Put the configuration where ``docs/deploy.md`` puts it, with ``folder`` in place of /etc/nginx and with
    what an administrator edits. Returns the ports for http and https.

    Args:
        upstream: the ports of the server processes.
        base: the path under which the dashboard is, without slashes; "" is none.
    """
    plain, secure = free_port(), free_port()
    servers = "\n".join(f"    server 127.0.0.1:{port} max_fails=1 fail_timeout=5s;" for port in upstream)
    edits = {
        "puzzlescope.conf": [
            ("listen 80;", f"listen 127.0.0.1:{plain};"),
            ("listen 443 ssl http2;", f"listen 127.0.0.1:{secure} ssl http2;"),
            ("https://$host$request_uri", f"https://$host:{secure}$request_uri"),
            ("location / {\n        include", f"location /{base and base + '/'} {{\n        include"),
        ],
        "upstream.conf": [("    server 127.0.0.1:8501 max_fails=1 fail_timeout=5s;", servers)],
        "restarting.conf": [("/etc/nginx/", f"{folder}/")],
    }
    (folder / "conf.d").mkdir(parents=True)
    (folder / "puzzlescope" / "tls").mkdir(parents=True)
    for file in FILES.iterdir():
        place = folder / ("conf.d" if file.name == "puzzlescope.conf" else "puzzlescope") / file.name
        text = file.read_text()
        for old, new in edits.get(file.name, []):
            assert text.count(old) == 1, f"{file.name} has {text.count(old)} times: {old}"
            text = text.replace(old, new)
        text = text.replace(LOG, f"access_log {folder}/processes.log processes; {LOG}")
        text = text.replace("/var/log/nginx/", f"{folder}/")
        place.write_text(text)
    (folder / "nginx.conf").write_text(
        MAIN.format(folder=folder, user="user root;" if os.geteuid() == 0 else "")
    )
    (folder / "mime.types").write_text(MIME_TYPES)
    make_certificate(folder / "puzzlescope" / "tls")
    return plain, secure


def make_certificate(folder: Path) -> None:
    """By the command of ``docs/deploy.md``."""
    page = (ROOT / "docs" / "deploy.md").read_text()
    (line,) = [line.strip() for line in page.splitlines() if line.strip().startswith("openssl req")]
    command = shlex.split(line.replace("tools.example.org", "localhost"))
    subprocess.run([str(OPENSSL.find()), *command[1:]], cwd=folder.parent, check=True, capture_output=True)


def words(folder: Path) -> list[str]:
    return [str(NGINX.find()), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]


@contextmanager
def front(folder: Path, upstream: Sequence[int], base: str = "") -> Iterator[Front]:
    """nginx before the processes that listen at these ports; see :func:`install`."""
    plain, secure = install(folder, upstream, base)
    trust = ssl.create_default_context(cafile=folder / "puzzlescope" / "tls" / "cert.pem")
    with (folder / "stderr.log").open("w") as log:
        process = subprocess.Popen(words(folder), stdout=log, stderr=log, env={**os.environ})
    try:
        _wait(plain, process, folder / "stderr.log")
        path = f"/{base}" if base else ""
        yield Front(
            f"http://localhost:{plain}{path}",
            f"https://localhost:{secure}{path}",
            trust,
            folder / "processes.log",
            folder / "access.log",
            folder / "error.log",
        )
    finally:
        process.terminate()
        process.wait(30)


def _wait(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nginx did not start:\n{log.read_text()}")
