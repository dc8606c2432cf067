"""The example files for Grafana and Prometheus are whole. Whether their metrics exist is asked of a running
server in ``tests/app/server/test_observed.py``."""

import json
from itertools import combinations
from typing import Any

import pytest
import yaml

from tests.support.places import ROOT

BOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana.json").read_text())
RULES: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "alerts.yaml").read_text())
WIDTH = 24
"""Columns of Grafana's grid."""


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )


def test_the_dashboard_has_what_grafana_wants_of_one() -> None:
    assert BOARD["schemaVersion"] >= 36 and BOARD["title"] and BOARD["uid"]
    names = [one["name"] for one in BOARD["templating"]["list"]]
    assert names == ["datasource", "job", "instance"]
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(ids) == len(set(ids)) and None not in ids
    for panel in BOARD["panels"]:
        assert panel["title"] and panel["type"] in {"row", "stat", "timeseries", "heatmap", "table"}
        if panel["type"] != "row":
            assert panel["targets"] and panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            refs = [target["refId"] for target in panel["targets"]]
            assert len(refs) == len(set(refs))
            assert all("$job" in target["expr"] for target in panel["targets"])


def test_no_panels_overlap() -> None:
    places = [(panel["title"], panel["gridPos"]) for panel in BOARD["panels"]]
    assert all(at["x"] >= 0 and at["x"] + at["w"] <= WIDTH and at["h"] > 0 for _, at in places)
    assert [(a, b) for (a, one), (b, other) in combinations(places, 2) if overlap(one, other)] == []
    assert overlap({"x": 0, "y": 0, "w": 2, "h": 2}, {"x": 1, "y": 1, "w": 2, "h": 2}), "the check can fail"


@pytest.mark.parametrize("rule", RULES["groups"][0]["rules"], ids=lambda rule: rule["alert"])
def test_every_alert_says_what_is_wrong_and_how_bad_it_is(rule: dict[str, Any]) -> None:
    assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"].keys() <= {"summary", "description"}
