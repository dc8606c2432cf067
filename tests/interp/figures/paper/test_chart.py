"""Every chart of the library on paper: as it is on the page, in a paper's width, and readable on white."""

import re
from io import BytesIO

import numpy as np
import plotly.graph_objects as go
import pytest
from matplotlib.image import imread

from interp import figures
from interp.errors import PuzzlescopeError
from interp.figures.paper import COLUMN, PAGE, Chart, Plate
from interp.figures.paper.canvas import Box, sheet
from interp.figures.paper.colours import paint
from interp.figures.paper.words import plain
from interp.figures.style import base_figure
from tests.support.charts import CHARTS
from tests.support.plates import HEADER, SVG, read, texts_of, words

NO_CHARTS = {"grid_svg", "paper"}


def plate(figure: go.Figure) -> Plate:
    chart = Chart(figure)
    return Plate(
        chart.title or "Untitled", chart, HEADER, about="What one sees.", date="2026-11-27", task="contact"
    )


def test_every_chart_of_the_library_is_here() -> None:
    assert set(CHARTS) == set(figures.__all__) - NO_CHARTS


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_on_paper_says_what_it_says_on_the_page(name: str) -> None:
    figure = CHARTS[name]()
    svg = plate(figure).svg()
    root, drawn = read(svg), "\n".join(words(svg))
    assert root.attrib["width"] == f"{COLUMN:g}mm" and root.attrib["role"] == "img"
    assert root[0].tag == f"{SVG}title" and root[1].tag == f"{SVG}desc"
    assert (root[1].text or "").startswith("What one sees. default (4b7571) · contact ec6638a2a9")
    for text in written_on(figure):
        assert text in drawn, text
    light = [colour for colour in colours(svg) if min(colour[:3]) > 0.6 and colour[3] == 1]
    white = [one for trace in figure.data if trace.meta for one in trace.textfont.color if one == "#ffffff"]
    assert len(light) == len(white), "no word is nearly white but those on dark tiles"


def written_on(figure: go.Figure) -> list[str]:
    """The words that must be found again: the axes' titles, the ticks' names, notes and labels."""
    layout = figure.layout
    found = [note.text for note in layout.annotations] + [
        axis.title.text for axis in (layout.xaxis, layout.yaxis)
    ]
    for axis in (layout.xaxis, layout.yaxis):
        found += (
            []
            if axis.ticktext is None or axis.range is None
            else [
                text
                for text, at in zip(axis.ticktext, axis.tickvals, strict=True)
                if isinstance(at, str) or min(axis.range) <= float(at) <= max(axis.range)
            ]
        )
    for trace in figure.data:
        if trace.type != "heatmap" and trace.text is not None:
            found += list(trace.text)
    return [line for text in found if text for line in plain(text).split("\n")]


def colours(svg: str) -> list[tuple[float, ...]]:
    """Those of all words; matplotlib leaves black out."""
    styles = [node.attrib.get("style", "") for node in read(svg).iter(f"{SVG}text")]
    return [paint(found[1]) for style in styles if (found := re.search(r"(?<!-)fill: (#\w+)", style))]


@pytest.mark.parametrize("width", [COLUMN, PAGE])
@pytest.mark.parametrize("name", CHARTS)
def test_nothing_stands_beyond_the_paper(name: str, width: float) -> None:
    texts, outside = texts_of(plate(CHARTS[name]()), width)
    assert len(texts) > 3 and outside == []


@pytest.mark.parametrize("name", ["layer_chart", "head_map", "attribution_bars", "weights_ranking"])
def test_bars_have_the_lengths_and_the_colours_of_the_page(name: str) -> None:
    figure = CHARTS[name]()
    with sheet(252.0, 200.0) as paper:
        Chart(figure).draw(paper, Box(4.0, 10.0, 244.0, 150.0, (252.0, 200.0)))
        found = list(paper.axes[0].collections)
        bars = [trace for trace in figure.data if trace.type == "bar"]
        assert len(found) >= len(bars)
        for trace, drawn in zip(bars, found, strict=False):
            want = trace.marker.color
            want = [want] * len(trace.x) if isinstance(want, str) else list(want)
            assert np.asarray(drawn.get_facecolor()) == pytest.approx(np.array([paint(one) for one in want]))
            lying = trace.orientation == "h"
            boxes = [path.get_extents() for path in drawn.get_paths()]
            lengths = [box.width if lying else box.height for box in boxes]
            assert lengths == pytest.approx([abs(one) for one in (trace.x if lying else trace.y)])


def test_a_field_of_many_cells_is_an_image_that_looks_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = base_figure("field", height=300)
    figure.add_heatmap(
        z=np.arange(2091.0).reshape(51, 41) % 97, colorscale=[(0.0, "#ffffff"), (1.0, "#000000")]
    )
    figure.update_xaxes(range=[-0.5, 40.5])
    figure.update_yaxes(range=[-0.5, 50.5])
    own = plate(figure.figure())
    image, pixels = own.svg(), own.png()
    monkeypatch.setattr("interp.figures.paper.traces.MOST_SHAPES", 10_000)
    assert len(image) < 40_000 < len(own.svg()) / 5
    seen, expected = (imread(BytesIO(one))[..., :3] for one in (pixels, own.png()))
    assert abs(seen - expected).mean() < 0.02, "upright, cell by cell"


def test_the_same_result_is_the_same_file() -> None:
    first, second = (plate(CHARTS["head_map"]()).svg() for _ in range(2))
    assert first == second and "2026-11-27" in first


def test_names_cannot_become_markup_or_mathematics() -> None:
    figure = base_figure("a < b & $x^2$ \x00", height=120)
    figure.add_scatter(x=[0.0, 1.0], y=[0.0, 1.0], text=["$\\frac$", "</text><script>"], mode="text")
    figure.update_xaxes(range=[-1, 2])
    svg = plate(figure.figure()).svg()
    assert "$\\frac$" in words(svg) and read(svg)[0].text == "a < b & $x^2$ "
    assert not list(read(svg).iter(f"{SVG}script"))


def test_what_is_not_known_is_refused() -> None:
    figure = base_figure("pie", height=120).figure()
    figure.add_pie(values=[1, 2])
    with pytest.raises(PuzzlescopeError, match="cannot show 'pie'"):
        plate(figure).svg()
    other = base_figure("circle", height=120)
    other.add_shape(type="circle", x0=0, x1=1, y0=0, y1=1)
    with pytest.raises(PuzzlescopeError, match="shape 'circle'"):
        plate(other.figure()).svg()


def test_a_png_has_the_pixels_of_its_width_and_is_white(tmp_path) -> None:
    from matplotlib.image import imread

    path = plate(CHARTS["layer_chart"]()).save(tmp_path / "layers.png", COLUMN, dpi=200)
    picture = imread(path)
    assert picture.shape[1] == pytest.approx(COLUMN / 25.4 * 200, abs=1)
    assert picture[0, 0, :3] == pytest.approx(1) and picture[..., :3].mean() > 0.6


def test_a_wrong_ending_or_width_is_said(tmp_path) -> None:
    own = plate(CHARTS["layer_chart"]())
    with pytest.raises(PuzzlescopeError, match=r"\.svg, \.png or \.csv, got 'board\.pdf'"):
        own.save(tmp_path / "board.pdf")
    with pytest.raises(PuzzlescopeError, match="40 to 1000 mm"):
        own.svg(3.0)
    assert read(own.save(tmp_path / "board.svg").read_text()).tag == f"{SVG}svg"
