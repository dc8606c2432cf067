"""A server behind a proxy that signs people in: who sees the administrators' page, and what the log says of
them."""

import json
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from app.startup import server_status
from scripts.visit import open_page, run_to_the_end
from tests.support.deploy.server import Server, running

ADA, BOB = "ada@example.org", "bob@example.org"
TOKEN = "0123456789abcdef0123"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model_folder: str) -> Iterator[Server]:
    environ = {
        "PUZZLESCOPE_USER_HEADER": "X-Email",
        "PUZZLESCOPE_TRUSTED_PROXIES": "127.0.0.1",
        "PUZZLESCOPE_ADMINS": ADA,
        "PUZZLESCOPE_METRICS_TOKEN": TOKEN,
    }
    with running(tmp_path_factory.mktemp("administered"), model_folder, environ) as server:
        yield server


def administration(server: Server, person: str) -> str:
    """All that the administrators' page sends to this person."""
    with open_page(server.url, {"X-Email": person}) as socket:
        assert run_to_the_end(socket).well
        asked = BackMsg()
        asked.rerun_script.page_name = "admin"
        socket.send(asked.SerializeToString())
        said, message = [], ForwardMsg()
        while message.WhichOneof("type") != "script_finished":
            message.ParseFromString(socket.recv(timeout=120))
            said.append(str(message))
        return "\n".join(said)


def test_only_administrators_see_it(server: Server) -> None:
    seen = administration(server, ADA)
    assert "Computed since the start" in seen and ADA in seen
    seen = administration(server, BOB)
    assert "for the server\\'s administrators" in seen and "Computed since the start" not in seen


def test_the_log_names_nobody(server: Server) -> None:
    administration(server, BOB)
    assert [line["page"] for line in server.events("page run")][-1] == "admin"
    assert "example.org" not in server.log.read_text() and TOKEN not in server.log.read_text()


def test_metrics_ask_for_the_token_and_for_no_sign_in(server: Server) -> None:
    for path in ("/metrics", "/status", "/_stcore/metrics"):
        with pytest.raises(HTTPError) as caught, urlopen(f"{server.url}{path}", timeout=60):
            pass
        assert caught.value.code == 403
        caught.value.close()
        if path == "/_stcore/metrics":
            continue  # where people sign in, it asks for that, too
        request = Request(f"{server.url}{path}", headers={"Authorization": f"Bearer {TOKEN}"})
        with urlopen(request, timeout=60) as answer:
            assert answer.status == 200
    well, said = server_status.ask(server.url, TOKEN, json=True)
    assert well and json.loads(said)["phase"] in ("starting", "ready") and "example.org" not in said
