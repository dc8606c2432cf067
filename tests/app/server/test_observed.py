"""A server as its administrators see it: its log, its metrics and its state, while a visitor is there."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from app.server.watching.about import VERSIONS
from scripts.visit import open_page, run_to_the_end
from tests.support.deploy.server import Server, running
from tests.support.places import ROOT

ADDRESS = "ada@example.org"
NAME = re.compile(r"\b(?:puzzlescope|process|python)_[a-z0-9_]+")


def scraped(server: Server) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """The samples of its metrics: name -> labels -> value."""
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(server.get("/metrics")):
        assert family.documentation, family.name
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            assert labels not in found.setdefault(sample.name, {}), f"{sample.name} {labels} twice"
            found[sample.name][labels] = sample.value
    return found


def total(server: Server, name: str, **labels: str) -> float:
    """The sum of the samples that have these labels."""
    samples = scraped(server).get(name, {})
    return sum(value for known, value in samples.items() if labels.items() <= dict(known).items())


def until(what: Any, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model_folder: str) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("observed"), model_folder) as server:
        yield server


@pytest.fixture(scope="module")
def visited(server: Server) -> Server:
    """The same after a visit, by a link in which a stranger has written."""
    with open_page(f"{server.url}/?off=L0.attn&note={ADDRESS}") as socket:
        assert run_to_the_end(socket).well
        until(lambda: total(server, "puzzlescope_page_run_seconds_count", outcome="finished") >= 1)
    until(lambda: total(server, "puzzlescope_sessions") == 0)
    until(lambda: total(server, "puzzlescope_queue_length") == 0)
    return server


def test_a_run_of_a_page_is_counted_once_and_logged_once(visited: Server) -> None:
    names = ("puzzlescope_page_run_seconds_count", "puzzlescope_click_to_answer_seconds_count")
    before = [total(visited, names[0], outcome="finished"), total(visited, names[1])]
    with open_page(visited.url) as socket:
        assert run_to_the_end(socket).well
    until(lambda: total(visited, "puzzlescope_sessions") == 0)
    assert total(visited, names[0], outcome="finished") == before[0] + 1
    assert total(visited, names[1], page="workbench") == before[1] + 1
    until(lambda: len(visited.events("page run")) == total(visited, names[0]))
    line = visited.events("page run")[-1]
    assert (line["page"], line["outcome"]) == ("workbench", "finished") and line["seconds"] > 0


def test_each_computation_is_counted_and_logged(visited: Server) -> None:
    done = total(visited, "puzzlescope_computations_total", kind="PredictionOf", outcome="finished")
    lines = [one for one in visited.events("computation") if one["kind"] == "PredictionOf"]
    assert done == len([one for one in lines if one["outcome"] == "finished"]) > 0
    assert total(visited, "puzzlescope_computation_seconds_count", kind="PredictionOf") == done
    assert all(one["seconds"] >= 0 and one["steps"] > 0 for one in lines if one["outcome"] == "finished")


def test_what_is_kept_is_found_again(visited: Server) -> None:
    assert total(visited, "puzzlescope_cache_bytes", cache="results") > 0
    before = [
        total(visited, f"puzzlescope_cache_{name}_total", cache="results") for name in ("hits", "misses")
    ]
    with open_page(f"{visited.url}/?off=L0.attn") as socket:
        assert run_to_the_end(socket).well
    after = [
        total(visited, f"puzzlescope_cache_{name}_total", cache="results") for name in ("hits", "misses")
    ]
    assert after[0] > before[0]


def test_a_visit_is_seen_while_it_lasts(visited: Server) -> None:
    begun = total(visited, "puzzlescope_visits_total")
    with open_page(visited.url) as socket:
        assert run_to_the_end(socket).well
        until(lambda: json.loads(visited.get("/status"))["visitors"][-1:] != [])
        (visitor,) = json.loads(visited.get("/status"))["visitors"]
        assert visitor["page"] == "workbench" and re.fullmatch("[0-9a-f]{10}", visitor["id"])
        assert total(visited, "puzzlescope_sessions") == total(visited, "puzzlescope_websockets") == 1
    until(lambda: total(visited, "puzzlescope_sessions") == 0)
    assert total(visited, "puzzlescope_visits_total") == begun + 1
    until(
        lambda: (
            visited.events("visit ended")[-1:]
            and visited.events("visit ended")[-1]["visitor"] == visitor["id"]
        )
    )
    assert visited.events("visit begun")[-1]["visitor"] == visitor["id"]
    end = visited.events("visit ended")[-1]
    assert end["messages"] > 10 and end["bytes"] > 1000 and end["runs"] >= 1


def test_the_messages_are_counted_as_they_are_sent(visited: Server) -> None:
    before = [
        total(visited, f"puzzlescope_websocket_{what}_total", direction="out")
        for what in ("messages", "bytes")
    ]
    with open_page(visited.url) as socket:
        seen = run_to_the_end(socket)
    until(lambda: total(visited, "puzzlescope_websockets") == 0)
    after = [
        total(visited, f"puzzlescope_websocket_{what}_total", direction="out")
        for what in ("messages", "bytes")
    ]
    assert after[0] - before[0] >= seen.messages and after[1] - before[1] >= seen.size


def test_the_log_is_json_and_names_nobody(visited: Server) -> None:
    for line in visited.events():
        assert {"time", "level", "event"} <= line.keys()
    assert visited.events("start") and not [one for one in visited.events() if one["level"] == "error"]
    text = visited.log.read_text()
    for secret in (ADDRESS, "example.org", "L0.attn", "puzzle=", "off=", "127.0.0.1"):
        assert secret not in text, secret


def test_no_label_holds_what_a_stranger_has_written(visited: Server) -> None:
    for path in ("/wp-admin.php", "/a/b/c", "/_stcore/upload_file/x/y"):
        with suppress(OSError):
            visited.get(path)
    labels = {
        key: value for samples in scraped(visited).values() for known in samples for key, value in known
    }
    known = ("route", "status", "le", "page", "outcome", "kind", "rank", "cache", "direction", "generation")
    assert set(labels) <= {*known, "model", "checkpoint", *VERSIONS}
    assert total(visited, "puzzlescope_requests_total", route="other") >= 2


def expressions() -> list[tuple[str, str]]:
    board = json.loads((ROOT / "deploy" / "grafana.json").read_text())
    found = [(panel["title"], one["expr"]) for panel in board["panels"] for one in panel.get("targets", ())]
    found += [
        (one["name"], one["query"]["query"]) for one in board["templating"]["list"] if one["type"] == "query"
    ]
    rules = yaml.safe_load((ROOT / "deploy" / "alerts.yaml").read_text())
    return found + [(rule["alert"], rule["expr"]) for group in rules["groups"] for rule in group["rules"]]


def test_every_metric_of_the_example_dashboard_and_alerts_is_there(visited: Server) -> None:
    there = set(scraped(visited))
    for name, expression in expressions():
        used = set(NAME.findall(expression))
        assert used or expression.startswith("up{"), name
        assert used <= there, name
        assert all(expression.count(a) == expression.count(b) for a, b in ("()", "{}", "[]")), name


def test_the_page_of_the_documentation_lists_every_metric(visited: Server) -> None:
    text = (ROOT / "docs" / "watching.md").read_text()
    rows = [line.split("|")[1] for line in text.split("## Metrics")[1].splitlines() if line.startswith("| `")]
    told = {f"puzzlescope_{name}" for row in rows for name in re.findall(r"`(\w+)`", row)}
    endings = re.compile(r"_(?:bucket|count|sum)$")
    there = {endings.sub("", name) for name in scraped(visited) if name.startswith("puzzlescope_")}
    assert told == there


def test_the_page_of_the_documentation_knows_every_event(visited: Server) -> None:
    text = (ROOT / "docs" / "watching.md").read_text()
    told = set(re.findall(r"`([a-z -]+)`", text))
    assert {line["event"] for line in visited.events()} <= told


def test_status_says_the_same_on_the_command_line(
    visited: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    from app.startup import server_status

    well, said = server_status.ask(visited.url)
    assert well and "Visitors" in said and "PredictionOf" in said and "results" in said
    well, said = server_status.ask(visited.url, json=True)
    assert well and json.loads(said)["computed"]["PredictionOf"]["done"] > 0


def test_streamlits_own_metrics_answer_this_machine_too(visited: Server) -> None:
    assert "session" in visited.get("/_stcore/metrics")
