"""A chart as plain values, and the Plotly figure that is made of them."""

import json

import numpy as np
import plotly.graph_objects as go
import pytest

from interp import figures
from interp.figures.draft import Draft, Drawn
from tests.support.charts import CHARTS


def same_by_plotly(draft: Draft) -> go.Figure:
    """The same calls, made to a figure of Plotly's own."""
    figure = go.Figure()
    figure.update_layout(paper_bgcolor="white", margin={"l": 8, "r": 8}, title={"text": "a"})
    figure.update_layout(margin_r=56)
    figure.add_bar(x=["a"], y=[1.5], marker_color="red", marker_line={"width": 2})
    figure.update_xaxes(title="across", tickangle=None, tickfont_size=9)
    figure.update_xaxes(range=[0, 1])
    figure.add_hline(y=0, line_color="grey", line_dash="dot")
    figure.add_vline(0.5, line={"width": 1}, layer="below")
    figure.add_annotation(text="here", x=1, font={"size": 11}, showarrow=False)
    return figure


def drafted() -> Draft:
    draft = Draft()
    draft.update_layout(paper_bgcolor="white", margin={"l": 8, "r": 8}, title={"text": "a"})
    draft.update_layout(margin_r=56)
    draft.add_bar(x=["a"], y=[1.5], marker_color="red", marker_line={"width": 2})
    draft.update_xaxes(title="across", tickangle=None, tickfont_size=9)
    draft.update_xaxes(range=[0, 1])
    draft.add_hline(y=0, line_color="grey", line_dash="dot")
    draft.add_vline(0.5, line={"width": 1}, layer="below")
    draft.add_annotation(text="here", x=1, font={"size": 11}, showarrow=False)
    return draft


def test_it_is_put_together_as_a_figure_of_plotly_is() -> None:
    draft = drafted()
    assert _plain(draft.figure()) == _plain(same_by_plotly(draft))


def test_what_the_page_draws_is_what_the_library_gives() -> None:
    for name in figures.__all__:
        function = getattr(figures, name)
        if name in CHARTS:
            assert isinstance(function, Drawn) and function.__doc__, name


@pytest.mark.parametrize("name", CHARTS)
def test_plain_values_are_values_that_plotly_knows(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what goes to the browser is read there as the checked figure would be."""
    sent: list[str] = []
    figure = Draft.figure
    monkeypatch.setattr(Draft, "figure", lambda draft: sent.append(draft.json()) or figure(draft))
    checked = _plain(CHARTS[name]())
    plain = json.loads(sent[-1])
    assert plain["data"] == checked["data"]
    assert plain["layout"] == checked["layout"]


def test_numbers_that_are_not_finite_are_null() -> None:
    draft = Draft()
    draft.add_heatmap(z=np.array([[1.0, np.nan], [np.inf, 2.0]]), x=(np.int64(3), "a"))
    (trace,) = json.loads(draft.json())["data"]
    assert trace == {"type": "heatmap", "z": [[1.0, None], [None, 2.0]], "x": [3, "a"]}


def _plain(figure: go.Figure) -> dict:
    """Without the template, and with arrays as lists."""
    found = {
        "data": [trace.to_plotly_json() for trace in figure.data],
        "layout": figure.layout.to_plotly_json(),
    }
    found["layout"].pop("template", None)
    return json.loads(json.dumps(found, default=_listed).replace("NaN", "null"))


def _listed(value: object) -> object:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else list(value)
