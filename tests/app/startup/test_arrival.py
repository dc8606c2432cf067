"""What an address asks for, and what is too long to be read."""

from streamlit.testing.v1 import AppTest

from app.startup.arrival import LONGEST_LINK


def page() -> None:
    import streamlit as st

    from app.startup import arrival

    arrival.note()
    st.json(arrival.asked())
    st.text(arrival.problem())


def test_a_link_is_read() -> None:
    test = AppTest.from_function(page)
    test.query_params["puzzle"] = "x" * (LONGEST_LINK - 8)
    test.run()
    assert '"puzzle"' in test.json[0].value and test.text[0].value == "None"


def test_one_that_is_too_long_is_left_out_and_told_once() -> None:
    test = AppTest.from_function(page)
    test.query_params["puzzle"] = "x" * LONGEST_LINK
    test.query_params["off"] = "L1.attn"
    test.run()
    assert test.json[0].value == "{}" and not test.query_params
    assert test.text[0].value == (
        "The link has 16,020 characters of parameters, and at most 16,000 are read: it was left out."
    )
    assert test.run().text[0].value == "None"
