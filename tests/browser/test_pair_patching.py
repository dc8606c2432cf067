"""A rule pair made on the workbench in a real Chromium, and patched between its ends, both ways."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
import torch
from playwright.sync_api import Locator, Page, expect
from transformer_lens.hook_points import HookPoint

from interp import load_model, load_puzzles, pair_for
from interp.engine.contrast import Contrast, equal_prefixes
from interp.grids import COLORS
from interp.model import PuzzleGPT
from interp.pairs import Pair
from interp.tokens import ANSWER_START
from tests.browser.conftest import finished

pytestmark = pytest.mark.browser

FRAME = load_puzzles("bank", task="frame")[0]


def metric(logits: torch.Tensor, pair: Pair) -> float:
    """The base's colour against the other's, over the cells at which the right answers differ."""
    return float(Contrast.of(pair).of_logits(logits[0, ANSWER_START:-1]))


class Ends:
    """The two runs of a pair, and what hooks make of them: nothing of the library's patching is used."""

    def __init__(self, model: PuzzleGPT, pair: Pair):
        self.model, self.pair = model, pair
        self.prompts = [model.prompt(tokens[None]) for tokens in equal_prefixes(pair)]
        with torch.inference_mode():
            runs = [model.run_with_cache(prompt) for prompt in self.prompts]
        self.plain = [metric(logits, pair) for logits, _ in runs]
        self.caches = [cache for _, cache in runs]

    def effect(self, layer: int, block: str, into: int) -> float:
        """How far the metric goes from one run's to the other's, with what an attention layer writes at some
        positions put from the other into it.

        Args:
            into: 0 for the base's run, 1 for the counterfactual's.
        """
        name, here = f"blocks.{layer}.hook_attn_out", positions(self.pair, block)

        def put(written: torch.Tensor, hook: HookPoint) -> torch.Tensor:
            written = written.clone()
            written[:, here] = self.caches[1 - into][name][:, here]
            return written

        with torch.inference_mode():
            logits = self.model.run_with_hooks(self.prompts[into], fwd_hooks=[(name, put)])
        before, after = self.plain[into], self.plain[1 - into]
        return (metric(logits, self.pair) - before) / (after - before)


def positions(pair: Pair, block: str) -> slice:
    """Of a block of the map, start token included: all, the start token, a grid's marker or its 100 cells."""
    if block in ("all positions", "start"):
        return slice(0, 1 if block == "start" else None)
    place = pair.base.structure.name.split(" ").index(block.strip("[]"))
    marker = 1 + 101 * place
    return slice(marker, marker + 1) if block.startswith("[") else slice(marker + 1, marker + 101)


def test_a_rule_pair_is_made_and_patched_between_its_ends(page: Page, address: str) -> None:
    pair = pair_for(FRAME, "rule", 1)
    ends = Ends(load_model("default"), pair)
    page.goto(f"{address}/?puzzle={FRAME.id}")
    finished(page)
    page.get_by_role("button", name="Pair", exact=True).click()
    panel = page.locator(".st-key-pair-panel")
    panel.get_by_role("button", name="Another", exact=True).click()
    page.wait_for_url(re.compile("pair=rule&draw=1"))
    _shows_the_counterfactual(panel, pair)
    panel.get_by_role("link", name="Patch between the two").click()
    page.wait_for_url(re.compile("/circuits.*show=patching"))
    query = parse_qs(urlsplit(page.url).query)
    assert (query["from"], query["draw"]) == (["pair"], ["1"]) and query.get("pair", ["rule"]) == ["rule"]
    page.get_by_role("radio", name="attention layers").click()
    for into, way in enumerate(("noising", "denoising")):
        page.get_by_role("radio", name=way, exact=True).click()
        _tells(page, ends, into)


def _shows_the_counterfactual(panel: Locator, pair: Pair) -> None:
    """Its example differs, and not its third grid; the cells that differ are marked."""
    for place in range(3):
        told = panel.locator(".panel").nth(place).locator(".cell")
        expect(told).to_have_count(100)
        colours = told.evaluate_all("cells => cells.map((cell) => cell.ariaLabel)")
        differs = (pair.base.grids[place] != pair.counterfactual.grids[place]).ravel()
        for cell, (said, color) in enumerate(
            zip(colours, pair.counterfactual.grids[place].flat, strict=True)
        ):
            assert COLORS[color].name in said and ("differs in the pair" in said) == differs[cell], said


def _tells(page: Page, ends: Ends, into: int) -> None:
    """What the page says of both runs, and of the largest effects, is what hooks give."""
    sentence = "put into the counterfactual's run" if into else "put into this puzzle's run"
    main = page.locator("[data-testid=stMain]")
    expect(main).to_contain_text(sentence)
    # In both directions the metric is the colour of the run that is patched against the other's.
    signed = [-one if into else one for one in ends.plain]
    told = f"{signed[into]:.2f} unpatched, {signed[1 - into]:.2f} in the source's run"
    expect(main).to_contain_text(told.replace("-", "−"))
    expect(main.get_by_role("button", name="Stop", exact=True)).to_have_count(0)
    finished(page)
    said = main.inner_text()
    measured = re.search(r"(\d+) contrast cells, ", said)
    assert measured is not None and int(measured[1]) == ends.pair.contrast.sum()
    largest = re.findall(r"L(\d+)\.attn_out at (all positions|\S+) (−?[\d.]+\d)", said)
    assert len(largest) == 4 and float(largest[0][2].replace("−", "-")) > 0.3
    for layer, block, effect in largest:
        found = ends.effect(int(layer), block, into)
        assert float(effect.replace("−", "-")) == pytest.approx(found, abs=0.006), (layer, block)
