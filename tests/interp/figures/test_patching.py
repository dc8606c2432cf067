"""Activation patching as charts: what is drawn is what was found."""

from interp.figures.patching import effect_cells, gap_cells, head_patch_map, patch_map
from tests.support.results import bars_of, nothing_patched, patched


def test_the_patch_map_shows_what_is_known() -> None:
    whole, some = (
        patch_map(patched(), 0, marked=("L0.attn_out", "[X]")),
        patch_map(patched(complete=False), 0),
    )
    assert len(bars_of(whole).customdata) == 3 * 10 and len(bars_of(some).customdata) == 1
    assert list(bars_of(some).customdata[0]) == ["L0.attn_out", "[X]"] and list(some.data[1].text) == ["0.50"]
    assert (
        "effect 0.500" in bars_of(some).hovertext[0]
        and "logit of red over green: 1.00" in bars_of(some).hovertext[0]
    )
    assert list(whole.layout.xaxis.ticktext) == [
        *(block.name for block in patched().blocks[:-1]),
        "all",
    ]
    said = [
        figure.layout.annotations[0].text
        for figure in (patch_map(patched(), 9), patch_map(nothing_patched(), 9))
    ]
    assert said == ["The two runs hardly differ at this cell.", "Computing …"]


def test_heads_are_shown_at_one_block() -> None:
    figure = head_patch_map(patched("z"), 0, "[X]")
    assert len(bars_of(figure).customdata) == 12 and list(bars_of(figure).customdata[5]) == ["L1.H1", "[X]"]
    assert list(figure.data[1].text) == ["0.50"] and figure.data[1].x[0] == 0 and figure.data[1].y[0] == 0
    assert head_patch_map(nothing_patched(), 0, "everywhere").layout.annotations[0].text == "Computing …"


def test_maps_of_cells_leave_out_where_the_runs_are_alike() -> None:
    for figure in (effect_cells(patched(), "L0.attn_out", "[X]", 3), gap_cells(patched(), 3)):
        cells = [data[0] for data in bars_of(figure).customdata]
        assert len(cells) == 99 and "9" not in cells
    assert len(gap_cells(nothing_patched()).data[0].x) == 0


def test_what_is_said_of_patches() -> None:
    assert patched().summary(0) == "Largest effects: L0.attn_out at [X] 0.50."
    assert patched().summary(9).startswith("The two runs hardly differ")
    assert nothing_patched().summary(0) == "Nothing is measured yet."
    whole = patched("resid_pre")
    whole.values[:] = 5
    whole.values[:, -1] = -3
    assert whole.summary(0) == "No patch has an effect so far.", "the whole stream is no news"
    heads = patched("z")
    heads.values[3, -1] = -3
    assert heads.summary(0) == "Largest effects: L0.H3 at all positions 1.00; L0.H0 at [X] 0.50."
