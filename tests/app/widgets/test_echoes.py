"""What a browser says of an older scene is an echo, not a choice."""

from streamlit.testing.v1 import AppTest

from app.widgets.controls.echoes import Echoes

FIRST, SECOND = (("puzzle", "1"),), (("puzzle", "2"),)


def shown(link, **values) -> Echoes:
    """After a run that led to this link and showed these values."""
    echoes = Echoes()
    run(echoes, link, **values)
    return echoes


def run(echoes: Echoes, link, **values) -> None:
    echoes.begin(link)
    echoes.shown.update(values)
    echoes.end()


def test_a_choice_is_heard() -> None:
    echoes = shown(FIRST, layer=1)
    assert echoes.heard("layer", 3, FIRST)
    assert echoes.heard("layer", 1, FIRST), "and taken back"


def test_what_the_page_before_showed_is_an_echo_until_the_browser_has_heard_of_the_next() -> None:
    echoes = shown(FIRST, layer=1, number=7)
    run(echoes, SECOND, layer=4, number=7)
    assert not echoes.heard("layer", 1, FIRST)
    assert echoes.heard("number", 8, FIRST), "a click on the page before is a click"
    assert echoes.heard("layer", 1, SECOND), "a browser that knows what is shown has chosen something else"


def test_a_click_is_heard_once() -> None:
    """A chart keeps what was clicked; under the new scene there is another chart."""
    echoes = shown(FIRST, **{"chart-1": None})
    click = {"selection": {"points": [2]}}
    assert echoes.heard("chart-1", click, FIRST)
    run(echoes, SECOND, **{"chart-2": None})
    assert not echoes.heard("chart-1", click, FIRST)
    assert not echoes.heard("chart-1", click, SECOND), "nor after that, of a chart that is not there any more"
    run(echoes, FIRST, **{"chart-1": None})
    assert echoes.heard("chart-1", click, FIRST), "the same click again, when its chart is there again"


def test_two_choices_before_the_browser_hears_of_the_first() -> None:
    echoes = shown(FIRST, sample=1)
    assert echoes.heard("sample", 16, FIRST)
    run(echoes, SECOND, sample=16)
    assert not echoes.heard("sample", 16, FIRST)
    assert echoes.heard("sample", 1, FIRST)


def test_only_the_latest_links_are_remembered() -> None:
    echoes = shown((("puzzle", "0"),), layer=1)
    for k in range(1, 100):
        run(echoes, (("puzzle", str(k)),), layer=1)
    assert len(echoes.under) < 50 and echoes.heard("layer", 1, (("puzzle", "0"),))


def script() -> None:
    import streamlit as st

    from app.widgets.controls import echoes

    scene = st.session_state.get("scene", 1)
    echoes.begin({"puzzle": str(scene)})
    echoes.show("n", scene)
    got = st.session_state.setdefault("got", [])
    st.number_input("n", key="n", on_change=echoes.hears("n", lambda: got.append(st.session_state["n"])))
    echoes.end()
    st.query_params["puzzle"] = str(scene)


def test_a_widget_that_echoes_shows_what_it_should() -> None:
    page = AppTest.from_function(script).run()
    page.session_state["scene"] = 5
    page.run()
    page.query_params["puzzle"] = "1"  # has not heard of it yet
    page.number_input(key="n").set_value(1).run()
    assert page.session_state["got"] == [] and page.number_input(key="n").value == 5
    page.query_params["puzzle"] = "5"
    page.number_input(key="n").set_value(1).run()
    assert page.session_state["got"] == [1]
