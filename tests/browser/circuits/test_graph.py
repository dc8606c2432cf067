"""The page of the graph in a real Chromium: a click on a box ablates, one on an edge cuts, and both stand in
the link."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import finished

pytestmark = pytest.mark.browser

GIVEN = "embed>L0.mlp,L0.mlp>L1.H1.v,L0.mlp>logits,L1.H1>logits"


def test_a_box_is_ablated_and_an_edge_is_cut(page: Page, address: str) -> None:
    page.goto(f"{address}/graph?whose=puzzle&how=eap&circuit={GIVEN}")
    graph = page.locator("[class*=st-key-graph-picture]")
    graph.get_by_role("button", name=re.compile("^L1.H1,")).first.click()
    page.wait_for_url(re.compile(r"off=L1\.H1"))
    finished(page)
    expect(page.locator("[class*=st-key-graph-strip]").get_by_text("L1.H1 off", exact=True)).to_be_visible()
    graph.get_by_role("table", name="Is read by").get_by_role("button", name="logits", exact=True).click()
    page.wait_for_url(re.compile(r"cut=L1\.H1%3Elogits"))
    answers = page.locator(".st-key-graph-answers")
    expect(answers).to_contain_text(re.compile("nothing ablated the logit difference (falls|rises) from"))
    finished(page)
    page.go_back()  # a cut is a step, as an ablation is
    page.wait_for_url(re.compile(r"off=L1\.H1(?!.*cut=)"))
    finished(page)
    expect(answers).not_to_contain_text("With the cut alone")
    page.go_forward()
    page.wait_for_url(re.compile(r"off=L1\.H1.*cut=L1\.H1%3Elogits"))
    expect(answers).to_contain_text("With the cut alone")


def test_the_answer_stays_in_sight_below_it(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 1400, "height": 900})
    page.goto(f"{address}/graph?whose=puzzle&how=eap&circuit={GIVEN}")
    graph = page.locator("[class*=st-key-graph-picture]")
    expect(graph.locator(".box").first).to_be_visible()
    place = graph.locator("svg").first.bounding_box()
    assert place is not None and place["y"] < 460, "no more than half a screen of controls"
    finished(page)
    page.mouse.move(300, 700)
    page.mouse.wheel(0, 5000)
    answers = page.locator(".st-key-graph-answers")
    expect(answers).to_be_in_viewport(ratio=0.9)
    box, heading = answers.bounding_box(), page.get_by_role("heading", name="Certificate").bounding_box()
    assert box is not None and heading is not None
    assert box["y"] + box["height"] <= heading["y"], "they cover nothing of the certificate"


def test_on_a_phone_a_line_tells_what_a_click_did(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{address}/graph?whose=puzzle&how=eap&circuit={GIVEN}")
    graph, line = page.locator("[class*=st-key-graph-picture]"), page.locator(".st-key-graph-line")
    box = graph.get_by_role("button", name=re.compile("^logits,"))
    box.scroll_into_view_if_needed()
    expect(line.locator("img")).to_have_count(0)
    graph.get_by_role("button", name=re.compile("^L1.H1,")).first.click()
    expect(line).to_contain_text("L1.H1 off: ")
    expect(line).to_be_in_viewport(ratio=0.99)
    expect(page.locator(".st-key-graph-answers")).not_to_be_in_viewport()


def test_from_the_graph_to_what_leads_to_a_cell_and_back(page: Page, address: str) -> None:
    page.goto(f"{address}/graph?whose=puzzle&how=eap&cell=g4r2c3&circuit={GIVEN}&cut=L1.H1>logits")
    page.get_by_role("link", name=re.compile("What leads to the ringed cell")).click()
    page.wait_for_url(re.compile(r"/circuits\?.*show=graph"))
    finished(page)
    expect(page.get_by_role("radio", name="Attribution graph")).to_be_checked()
    page.get_by_role("link", name=re.compile("Back to the circuit")).click()
    page.wait_for_url(re.compile(r"/graph\?.*whose=puzzle"))
    finished(page)
    expect(page.get_by_role("heading", name="Certificate")).to_be_visible()
    assert "cell=g4r2c3" in page.url and "cut=L1.H1%3Elogits" in page.url


def test_pointing_at_a_box_lists_its_edges(page: Page, address: str) -> None:
    page.goto(f"{address}/graph?whose=puzzle&how=eap&circuit={GIVEN}")
    graph = page.locator("[class*=st-key-graph-picture]")
    graph.get_by_role("button", name=re.compile("^L1.H1,")).first.hover()
    panel = graph.get_by_role("region", name="Edges, with numbers")
    expect(panel.locator(".head")).to_have_text("L1.H1")
    expect(panel.get_by_role("button")).to_have_text(["L0.mlp", "logits"])
