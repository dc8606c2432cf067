"""Controls show the value they are given and pass on what a visitor chooses."""

from streamlit.testing.v1 import AppTest


def script() -> None:
    import streamlit as st

    from app.widgets.controls import choice, echoes

    values = st.session_state.setdefault(
        "values", {"segment": 2, "list": "b", "on": True, "count": 3, "share": 0.5, "line": "x"}
    )

    def chosen(name):
        return {"key": name, "on_change": lambda value: values.update({name: value})}

    echoes.begin({})
    choice.segmented("Segment", {1: "one", 2: "two"}, values["segment"], **chosen("segment"))
    choice.select("List", ["a", "b"], values["list"], **chosen("list"))
    choice.toggle("On", values["on"], **chosen("on"))
    choice.number("Count", values["count"], **chosen("count"), min_value=0, max_value=9)
    choice.slider("Share", values["share"], **chosen("share"), min_value=0.0, max_value=1.0)
    choice.text("Line", values["line"], **chosen("line"))
    echoes.end()


def test_a_value_is_shown_and_what_is_chosen_is_passed_on() -> None:
    page = AppTest.from_function(script).run()
    assert not page.exception
    assert page.button_group(key="segment").value == 2 and page.selectbox(key="list").value == "b"
    page.button_group(key="segment").set_value(1).run()
    page.selectbox(key="list").set_value("a").run()
    page.toggle(key="on").set_value(False).run()
    page.number_input(key="count").set_value(7).run()
    page.slider(key="share").set_value(0.25).run()
    page.text_input(key="line").set_value("y").run()
    assert list(page.session_state["values"].values()) == [1, "a", False, 7, 0.25, "y"]


def test_what_stands_elsewhere_is_what_is_shown() -> None:
    page = AppTest.from_function(script).run()
    page.session_state["values"]["count"] = 5
    page.run()
    assert page.number_input(key="count").value == 5
