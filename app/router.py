"""What runs for each visitor: page set-up, navigation, and the one place where bad input becomes a message.
``app/main.py`` serves it."""

from contextlib import nullcontext
from pathlib import Path

import streamlit as st

from app.server import health
from app.server.watching import runs
from app.startup import arrival, opening, title
from app.state import admission
from app.views import ADMIN, PAGES
from app.views.shared import who
from app.widgets.away import away
from app.widgets.open_page import page_keeper, printing

# The icon is a file: Streamlit would fetch a named one from an outside host.
ICON = Path(__file__).parent / "static" / "icon.svg"
st.set_page_config(page_title=title.shown(), page_icon=str(ICON), layout="wide")
st.html(Path(__file__).parent / "style.css")
arrival.note()
pages = {
    page.name: st.Page(page.file, title=page.title, url_path=page.url_path, default=not page.url_path)
    for page in PAGES
}
admin = st.Page(ADMIN.file, title=ADMIN.title, url_path=ADMIN.url_path, visibility="hidden")
page = st.navigation([*pages.values(), admin], position="top")
unseen = st.container(key="unseen", height=1, border=False)  # app/style.css
with unseen:
    ready = page_keeper.show(page.url_path, [one.url_path for one in (*PAGES, ADMIN)])
    away.prepare(health.ready())
    if not ready:
        opening.prepare_browser()
if not ready:
    st.stop()
with st.container(horizontal=True, gap="small", key="tabs"):  # only on narrow screens: app/style.css
    for one in pages.values():
        st.page_link(one)
if page != admin:
    admission.show(who.show_way_out)
opening.load(st.empty())
with st.container(key="line"):  # lies over the page: app/style.css
    line = st.empty()

from app.live import fragment, looks  # noqa: E402
from app.state import playing  # noqa: E402
from app.state.backend import errors_shown  # noqa: E402
from app.state.session import write_link  # noqa: E402
from app.state.waiting import turn  # noqa: E402
from app.views.shared.talks import keeping  # noqa: E402
from app.widgets import naming, terms  # noqa: E402

wanted = pages.get(playing.page_asked_for() or "")
if wanted is not None and wanted.url_path != page.url_path:
    st.switch_page(wanted)
in_line = nullcontext() if page == admin else turn(line)  # where many wait, administrators must not
with runs.page(page.url_path or PAGES[0].name), in_line, errors_shown():
    fragment.begin()
    page.run()
    if page != admin:
        write_link()
    with unseen:
        looks.show()
with unseen:  # last: nobody waits for them
    printing.prepare()
    terms.prepare()
    naming.prepare()
    keeping.prepare()
