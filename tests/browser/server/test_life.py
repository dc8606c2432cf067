"""A server with a small model, from its start to its end: what it and the browsers ask of other machines,
what strangers can do, and what becomes of the pages that are open when it is started anew."""

import http.client
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from scripts.dashboard import Running, free_port, running
from tests.browser.conftest import NewContext, finished
from tests.support.places import ROOT

HOOK = """
import os, sys

def hear(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        where = args[0] if event.startswith("socket.get") else args[1]
        with open(os.environ["HEARD"], "a") as file:
            print(event, repr(where), file=file)

sys.addaudithook(hear)
"""
"""Python runs it at the start of a process, where it is found as ``sitecustomize``."""
HERE_ONLY = re.compile(r"""['"](127\\.\\d+\\.\\d+\\.\\d+|::1|localhost|)['"]|None|['"]/""")


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file in which the server's process writes down whom it asks."""
    folder = tmp_path_factory.mktemp("hook")
    (folder / "sitecustomize.py").write_text(HOOK)
    (folder / "heard").touch()
    return folder / "heard"


@pytest.fixture(scope="module")
def environment(heard: Path, model_folder: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    data = tmp_path_factory.mktemp("data")
    return {
        "PYTHONPATH": f"{heard.parent}:{ROOT}",
        "HEARD": str(heard),
        "PUZZLESCOPE_MODEL": model_folder,
        "PUZZLESCOPE_DATA": str(data),
        "PUZZLESCOPE_GRACE": "4",
    }


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(port: int, environment: dict[str, str]) -> Iterator[Running]:
    with running(port, environment) as server:
        yield server


def asked(context: BrowserContext) -> list[str]:
    """The addresses that the pages of a browser ask, as they ask them."""
    urls: list[str] = []
    context.on("request", lambda request: urls.append(request.url))
    context.on("page", lambda page: page.on("websocket", lambda socket: urls.append(socket.url)))
    return urls


def test_nothing_is_asked_of_another_machine(server: Running, heard: Path, new_context: NewContext) -> None:
    """By the browser and by the server, on every page, in an export, and for administrators."""
    context = new_context(fresh=True)  # which fetches all there is
    urls = asked(context)
    page = context.new_page()
    for path in ("?off=L0.H1", "logbook", "heads", "circuits", "stories", "admin", "no-such-page"):
        page.goto(f"{server.address}/{path}")
        finished(page)
    page.goto(f"{server.address}/?panel=tokens")
    finished(page)
    page.get_by_role("button", name="Export", exact=True).first.click()
    page.get_by_role("dialog").wait_for()
    finished(page)
    here = (server.address, server.address.replace("http", "ws"), "data:", "blob:")
    assert len(urls) > 30 and [url for url in urls if not url.startswith(here)] == []
    asked_by_server = heard.read_text().splitlines()
    assert [line for line in asked_by_server if not HERE_ONLY.search(line)] == []


def test_the_listener_hears(heard: Path, environment: dict[str, str]) -> None:
    before = heard.read_text()
    code = "import socket\ntry: socket.create_connection(('192.0.2.1', 9), 0.01)\nexcept OSError: pass"
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    new = heard.read_text().removeprefix(before)
    assert "socket.connect" in new and not HERE_ONLY.search(new.splitlines()[-1])
    heard.write_text(before)


PATHS = [
    "/../../../../etc/passwd",
    "/static/../../../../../../etc/passwd",
    "/app/static/../router.py",
    "/app/static/..%2frouter.py",
    "/app/static/%2e%2e/%2e%2e/Makefile",
    "/app/static/..%5c..%5cMakefile",
    "/app/static/....//router.py",
    "/app/static//etc/passwd",
    "/media/../../etc/passwd",
    "/media/%2fetc%2fpasswd",
    "/component/none/../../../../etc/passwd",
    "/_stcore/bidi-components/naming/../../../../etc/passwd",
    "/_stcore/bidi-components/naming/%2fetc%2fpasswd",
    "//etc/passwd",
    "/.streamlit/config.toml",
    "/app/.streamlit/config.toml",
    "/ready/../app/main.py",
]
SECRETS = (b"root:", b"import streamlit", b"allowedHosts", b".PHONY")


def test_no_path_leads_to_a_file_that_is_not_served(server: Running) -> None:
    host = server.address.removeprefix("http://")
    for path in PATHS:
        connection = http.client.HTTPConnection(host, timeout=60)
        connection.request("GET", path)  # as it is written: other clients would put it right
        body = connection.getresponse().read()
        assert not any(secret in body for secret in SECRETS), path
        connection.close()


MARKUP = (
    "<img src=x onerror=window.entered=1><script>window.entered=1</script>[a](javascript:window.entered=1)"
)


def test_no_text_of_a_link_runs_in_a_browser(server: Running, context: BrowserContext) -> None:
    """The note of a link is shown as it is written; the rest is no value, which a sentence says."""
    page = context.new_page()
    for name in ("note", "off", "puzzle", "story", "follow", "model", "attention", "no-such-name", MARKUP):
        page.goto(f"{server.address}/?{urlencode({'puzzle': '9a3726a23b'} | {name: MARKUP})}")
        finished(page)
        assert page.evaluate("window.entered") is None, name
        assert page.locator("img[src=x], a[href^='javascript:']").count() == 0, name


def answers_to(server: Running, frame: str | bytes) -> bytes:
    """All that a websocket is told that says this and no more."""
    stream = server.address.replace("http", "ws") + "/_stcore/stream"
    told = b""
    with (
        suppress(ConnectionClosed, TimeoutError),
        connect(stream, subprotocols=[Subprotocol("streamlit")]) as socket,
    ):
        socket.send(frame)
        while True:
            answer = socket.recv(timeout=3.0)
            told += answer if isinstance(answer, bytes) else answer.encode()
    return told


def test_strangers_messages_are_no_harm(server: Running, page: Page) -> None:
    """Frames that are none, and messages that ask the server for what only its owner may: to clear what all
    share, and to stop. Another visitor's page is drawn all the same."""
    wishes = [BackMsg(), BackMsg(), BackMsg()]
    wishes[0].clear_cache = True
    wishes[1].debug_shutdown_runtime = True
    wishes[2].rerun_script.query_string = "off=" + "L1." * 200_000
    frames = ["text", b"", b"\xff" * 1000, *(one.SerializeToString() for one in wishes)]
    with ThreadPoolExecutor(len(frames) + 1) as strangers:  # all at once: each stays until nothing more comes
        answers = strangers.map(partial(answers_to, server), [*frames, b"x" * 17_000_000])
    assert not any(b"Traceback" in answer for answer in answers)
    page.goto(f"{server.address}/?off=L0.H1")
    finished(page)
    expect(page.locator(".board .tile").first).to_be_visible()
    assert "uncaught" not in server.written()


def add_scene(page: Page) -> None:
    page.get_by_role("button", name="Story", exact=True).click()
    page.get_by_role("textbox", name="Caption").fill("What is **seen** here.")
    page.get_by_role("button", name="Add this scene").click()
    expect(page.get_by_text("Your story has 1 scene.")).to_be_visible()
    page.keyboard.press("Escape")
    page.wait_for_function("Object.keys(localStorage).some((name) => name.includes('your-story'))")


def test_a_server_that_is_told_to_stop_ends_well_and_open_pages_come_back(
    server: Running, port: int, environment: dict[str, str], new_context: NewContext
) -> None:
    page = new_context().new_page()
    page.goto(f"{server.address}/?off=L0.H1&sample=16")
    finished(page)
    add_scene(page)
    url = page.url

    began, before = time.monotonic(), server.written()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 0
    assert time.monotonic() - began < 60
    said = server.written().removeprefix(before)
    assert '"event": "stop"' in said and "Traceback" not in said and "terminate called" not in said
    line = page.get_by_role("status").filter(has_text="The server is being restarted")
    expect(line).to_be_visible()
    expect(page.locator(".board .tile").first).to_be_visible()  # there is still something to look at
    page.wait_for_timeout(4000)  # Streamlit gives up asking quietly after three
    expect(page.get_by_role("dialog")).to_have_count(0)

    with running(port, environment):
        page.wait_for_selector("[data-test-connection-state=CONNECTED]")
        expect(line).to_have_count(0)
        finished(page)
        assert page.url == url
        page.locator('.tile[data-part="L0.mlp"]').click()
        page.wait_for_url(re.compile("off=L0.H1%2CL0.mlp"))
        finished(page)
        page.get_by_role("link", name="Stories", exact=True).click()
        expect(page.get_by_role("textbox", name="Caption")).to_have_value("What is **seen** here.")
        expect(page.get_by_text("kept in this browser")).to_be_visible()
        stranger = new_context().new_page()  # another browser has none of it
        stranger.goto(f"{server.address}/stories")
        finished(stranger)
        expect(stranger.get_by_role("textbox", name="Caption")).to_have_count(0)
        page.get_by_role("button", name="Begin anew").click()
        expect(page.get_by_role("textbox", name="Caption")).to_have_count(0)
        page.reload()
        finished(page)
        expect(page.get_by_role("textbox", name="Caption")).to_have_count(0)
