"""A question in SQL, and its answer as a table that can be saved."""

import shlex
from functools import partial

import pyarrow as pa
import streamlit as st

from app.live import kept_studies
from app.state.session import choose, chosen
from app.views.studies.choices import LONGEST_SQL, PAGE
from app.widgets.text import escape_markdown
from interp.errors import PuzzlescopeError
from interp.studies.questions import Study
from interp.studies.schema import TABLES
from interp.studies.sql.answers import content, rows_of

USUAL = {
    "effects": "SELECT task, component, avg(nats) AS nats, count(*) AS puzzles\n"
    "FROM changes GROUP BY ALL ORDER BY nats DESC LIMIT 20",
    "edges": "SELECT writer, reader, avg(score) AS score\nFROM edges GROUP BY ALL ORDER BY 3 DESC LIMIT 20",
    "heads": "SELECT component, avg(attention) AS share\nFROM heads GROUP BY ALL ORDER BY 2 DESC LIMIT 20",
}
_ANSWERED = "studies-answered"
"""Study and question whose answer this visitor sees."""


def show(study: Study, name: str) -> None:
    """Draw the box, and the answer to what stands in it."""
    said = chosen(PAGE)["sql"] or USUAL.get(study.plan.kind, "")
    with st.form("studies-ask", border=False):
        asked = st.text_area(
            "One SELECT, in DuckDB's SQL", said, max_chars=LONGEST_SQL, height=110, key=f"studies-sql-{said}"
        )
        if st.form_submit_button("Ask", type="primary") and asked != said:
            choose(PAGE, sql=asked)
            st.rerun()
    _columns(study)
    place, question = st.empty(), (study.folder.url, said)
    if st.session_state.get(_ANSWERED) != question:  # what stands there yet is the answer to another
        place.caption("Asking …")
    try:
        found = kept_studies.answered(
            study, ("sql", said), lambda: study.sql(said, rows=kept_studies.BOUNDS.rows)
        )
    except PuzzlescopeError as error:
        place.info(escape_markdown(str(error)))
    else:
        with place.container():
            _show_answer(found, name)
    st.session_state[_ANSWERED] = question


def _show_answer(found: pa.Table, name: str) -> None:
    """The rows, as high as they are many, and what saves them."""
    rows = rows_of(found)
    st.dataframe({column: [row[column] for row in rows] for column in found.column_names}, hide_index=True)
    most = kept_studies.BOUNDS.rows
    more = f" These are the first {most:,}." if found.num_rows == most else ""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for ending, words in ((".csv", "As CSV"), (".parquet", "As Parquet")):
            st.download_button(
                words,
                partial(content, found, ending),
                file_name=f"{name}{ending}",
                icon=":material/download:",
                on_click="ignore",
                key=f"studies-save{ending}",
            )
        count = "1 row" if found.num_rows == 1 else f"{found.num_rows:,} rows"
        command = shlex.join(["python", "-m", "interp", "study-sql", name])
        st.caption(f"{count}.{more} At the command line: `{command} …`")


def _columns(study: Study) -> None:
    with st.expander("The tables and their columns"):
        for table in study.plan.tables:
            fields = ", ".join(f"`{field.name}`" for field in TABLES[table])
            st.markdown(f"**{table}**: {fields}")
        if study.plan.kind == "effects":
            st.markdown(
                "**changes**, each component against the run with nothing ablated: `puzzle`, `id`, `task`,"
                " `structure`, `component`, `nats`, `cells`, `solved`, `flip`"
            )
