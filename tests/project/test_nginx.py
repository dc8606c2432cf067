"""The nginx of ``deploy/nginx``, in front of real dashboards: what it passes on, and what it does not."""

import base64
import gzip
import hashlib
import json
import re
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import InvalidStatus

from scripts.dashboard import dashboard
from scripts.visit import open_page, run_to_the_end
from tests.support.deploy.nginx import Front, front, install, words
from tests.support.places import ROOT

COOKIE = "puzzlescope_process"


class Answer:
    """What came, whatever the status."""

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body


def get(at: Front, path: str, body: bytes | None = None, secure: bool = True, **headers: str) -> Answer:
    """Ask once, without following where it leads."""
    asked = urllib.request.Request(
        (at.secure if secure else at.plain) + path,
        data=body,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        method="PUT" if body else "GET",
    )
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=at.trust), Stay())
    try:
        with opener.open(asked, timeout=60) as found:
            return Answer(found.status, found.headers, found.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


@contextmanager
def two_dashboards(model: str, **said: str) -> Iterator[list[int]]:
    """The ports of two processes."""
    with ExitStack() as stack:
        addresses = [
            stack.enter_context(dashboard(said={"PUZZLESCOPE_MODEL": model, "PUZZLESCOPE_OPEN": "1", **said}))
            for _ in range(2)
        ]
        yield [int(urlsplit(address).port or 0) for address in addresses]


@pytest.fixture(scope="module")
def site(model_folder: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """nginx before two processes."""
    with (
        two_dashboards(model_folder) as ports,
        front(tmp_path_factory.mktemp("nginx") / "etc", ports) as at,
    ):
        yield at


def test_the_configuration_is_one(tmp_path: Path) -> None:
    install(tmp_path, [8501, 8502])
    found = subprocess.run([*words(tmp_path), "-t"], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr


def test_without_tls_it_leads_to_tls(site: Front) -> None:
    found = get(site, "/heads?puzzle=3", secure=False)
    assert (found.status, found.headers["Location"]) == (308, site.secure + "/heads?puzzle=3")
    assert get(site, "/live", secure=False).body == b"alive"


def test_a_page_comes_through(site: Front) -> None:
    with open_page(site.secure, ssl=site.trust) as socket:
        visit = run_to_the_end(socket)
    assert visit.well, visit


def test_a_page_of_another_site_gets_no_websocket(site: Front) -> None:
    with pytest.raises(InvalidStatus, match="403"):  # noqa: SIM117
        with open_page(site.secure, ssl=site.trust, origin="https://evil.example"):
            pass


def test_health_comes_through(site: Front) -> None:
    assert get(site, "/_stcore/health").body == b"ok"
    assert get(site, "/live").body == b"alive"
    ready = get(site, "/ready")  # a sentence of the server's own with a 503, too
    assert (ready.status, b"Ready" in ready.body) in ((200, True), (503, False))
    assert ready.body.endswith(b".") and ready.headers.get_content_type() == "text/plain"


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/_stcore/metrics", "//metrics", "/%6Detrics", "/x/../metrics/", "/METRICS?a=1", "/status"],
)
def test_numbers_are_not_for_strangers(site: Front, path: str) -> None:
    assert get(site, path).status == 403


def test_scripts_come_compressed(site: Front) -> None:
    page = get(site, "/")
    (script,) = re.findall(r'src="\./(static/js/index[^"]+)"', page.body.decode())
    plain, packed = get(site, f"/{script}"), get(site, f"/{script}", Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip" and plain.headers["Content-Encoding"] is None
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 2


def sources(headers: Any) -> str:
    """The policy that says where a page may take things from; the server's own says who may frame it."""
    (found,) = [one for one in headers.get_all("Content-Security-Policy") if "default-src" in one]
    return str(found)


def test_every_page_carries_its_protection(site: Front) -> None:
    headers = get(site, "/heads").headers
    policy = dict(part.strip().split(" ", 1) for part in sources(headers).split(";"))
    assert (policy["default-src"], policy["object-src"]) == ("'self'", "'none'")
    assert "unsafe" not in policy["script-src"] and "http" not in "".join(policy.values())
    assert headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert headers.get_all("Referrer-Policy") == ["same-origin"]
    assert "1." not in headers["Server"]


def test_the_script_that_streamlit_writes_into_its_page_is_the_one_that_may_run(site: Front) -> None:
    page = Path(str(resources.files("streamlit"))) / "static" / "index.html"
    scripts = re.findall(r"<script>(.*?)</script>", page.read_text(), flags=re.DOTALL)
    prints = {base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts}
    policy = sources(get(site, "/").headers)
    assert set(re.findall(r"'sha256-([^']+)'", policy)) == prints


def test_a_file_that_is_too_large_is_refused(site: Front) -> None:
    assert get(site, "/_stcore/upload_file/x/y", body=b"0" * (11 << 20)).status == 413
    small = get(site, "/_stcore/upload_file/x/y", body=b"0" * 1000)
    assert small.status == 403  # by the server: it knows no such visitor


def processes(site: Front, visitor: str, asked: int) -> set[str]:
    """Which answered a visitor, who asked so many times. What was asked is written down when it has ended."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        lines = [line.split() for line in site.log.read_text().splitlines()]
        found = [process for _, process, key, _ in lines if key == visitor]
        if len(found) == asked:
            return set(found)
        time.sleep(0.05)
    raise AssertionError(f"{visitor} is written down {len(found)} times of {asked}")


def test_a_visitor_stays_with_one_process(site: Front) -> None:
    used = set[str]()
    for number in range(40):  # ten by lot all go to one process once in 500 times
        if number >= 10 and len(used) == 2:
            break
        first = get(site, "/")
        name, _, visitor = first.headers["Set-Cookie"].partition(";")[0].partition("=")
        assert name == COOKIE and re.fullmatch("[0-9a-f]{32}", visitor)
        assert "Partitioned" in first.headers["Set-Cookie"] and "HttpOnly" in first.headers["Set-Cookie"]
        again = get(site, "/app/static/icon.svg", Cookie=f"{COOKIE}={visitor}")
        assert COOKIE not in str(again.headers.get_all("Set-Cookie"))
        if number < 3:
            with open_page(site.secure, {"Cookie": f"{COOKIE}={visitor}"}, site.trust) as socket:
                assert run_to_the_end(socket).well
        mine = processes(site, visitor, asked=3 if number < 3 else 2)
        assert len(mine) == 1
        used |= mine
    assert len(used) == 2


def test_under_a_path(model_folder: str, tmp_path: Path) -> None:
    base = "tools/puzzlescope"
    said = {"PUZZLESCOPE_MODEL": model_folder, "STREAMLIT_SERVER_BASE_URL_PATH": base}
    with dashboard(said=said) as address, front(tmp_path / "etc", [urlsplit(address).port or 0], base) as at:
        assert at.secure.endswith(base)
        assert get(at, "/_stcore/health").body == b"ok" and get(at, "/live").body == b"alive"
        assert b"<title>" in get(at, "/").body and get(at, "/metrics").status == 403
        with open_page(at.secure, ssl=at.trust) as socket:
            assert run_to_the_end(socket).well


# ---- with a server that only tells what it was asked -------------------------------------------------------


class Echo(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        said = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(503 if self.path == "/ready" else 200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def echo() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


PERSON_HEADER = re.compile(
    r"\b(?:X-Forwarded-(?:User|Email|Groups|Preferred-Username)|(?:X-Auth-Request|X-Authentik|X-Goog|X-Ms|X-Remote"
    r"|X-Webauth|Remote|Cf-Access|Tailscale)-[A-Z][A-Za-z-]*[a-z])\b"
)


def test_a_visitor_cannot_say_who_he_is_or_where_he_comes_from(tmp_path: Path) -> None:
    """By any header that the documentation, the settings' example or a sentence of the settings names, and by
    those of the usual proxies."""
    told = [ROOT / "docs" / "deploy.md", ROOT / "deploy" / "settings.example.env"]
    told += [ROOT / "app" / "server" / "gate" / "settings.py"]
    named = {name for file in told for name in PERSON_HEADER.findall(file.read_text())}
    assert {"X-Auth-Request-Email", "X-Forwarded-Email", "Remote-Email"} <= named
    names = named | {"Remote-Name", "Remote-Groups", "X-Authentik-Email", "X-Authentik-Username"}
    names |= {"Cf-Access-Authenticated-User-Email", "X-Goog-Authenticated-User-Email", "Remote-User"}
    names |= {"X-Ms-Client-Principal-Name", "X-Auth-Request-Preferred-Username", "X-Forwarded-User"}
    lies = dict.fromkeys(names, "root@example.org")
    with echo() as port, front(tmp_path / "etc", [port]) as at:
        said = json.loads(get(at, "/", **lies, X_Forwarded_For="10.0.0.1", X_Request_ID="mine").body)
        host = urlsplit(at.secure).netloc
    assert said["host"] == said["x-forwarded-host"] == host
    assert (said["x-forwarded-for"], said["x-forwarded-proto"]) == ("127.0.0.1", "https")
    assert re.fullmatch("[0-9a-f]{32}", said["x-request-id"])
    assert "root@example.org" not in said.values()


def test_nginx_writes_down_no_link_and_nobodys_address(tmp_path: Path) -> None:
    """Neither where all is well nor where a process is gone, nor on the way to TLS."""
    with echo() as port:
        with front(tmp_path / "etc", [port]) as at:
            get(at, "/heads?ablate=L1.H5&puzzle=3", X_Forwarded_For="203.0.113.9")
            get(at, "/heads?ablate=L1.H5", secure=False)
        said = at.own_log.read_text()  # nginx has ended: a line is written when its answer is gone
    assert [line.split()[1:3] for line in said.splitlines()] == [["200", "GET"], ["308", "GET"]]
    with front(tmp_path / "gone", [port]) as at:
        assert get(at, "/heads?ablate=L1.H5", Referer="https://a.example/?ablate=L1.H5").status == 503
    assert len(at.own_log.read_text().splitlines()) == 1
    said += at.own_log.read_text() + at.errors.read_text()
    for secret in ("ablate", "heads", "L1.H5", "203.0.113.9"):
        assert secret not in said, said
    assert not re.search(r"(?<!\S)127\.0\.0\.1(?!:)", said)


def test_who_sends_no_whole_request_is_cut_off() -> None:
    servers = (ROOT / "deploy" / "nginx" / "puzzlescope.conf").read_text().split("\nserver {")[1:]
    assert len(servers) == 2
    for server in servers:
        (seconds,) = re.findall(r"^    client_header_timeout (\d+)s;$", server, flags=re.MULTILINE)
        assert 5 <= int(seconds) <= 30


def test_a_process_that_is_gone_is_done_without_and_then_the_page_says_that_it_starts(tmp_path: Path) -> None:
    with ExitStack() as second, echo() as one:
        two = second.enter_context(echo())
        with front(tmp_path / "etc", [one, two]) as at:
            second.close()
            assert {get(at, "/").status for _ in range(8)} == {200}
            own = get(at, "/ready")
            assert own.status == 503 and b"x-request-id" in own.body
    with echo() as port:
        gone = port
    with front(tmp_path / "gone", [gone]) as at:
        found = get(at, "/heads?puzzle=3")
        assert found.status == 503 and found.headers["Retry-After"] == "5"
        assert b"Puzzlescope is starting" in found.body and b'http-equiv="refresh"' in found.body
        assert found.headers.get_content_type() == "text/html"
