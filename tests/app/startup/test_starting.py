"""Every way of starting the dashboard: its configuration, the bundles, and the backend, which no
visitor can clear."""

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit import config
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from app.startup import bundles
from app.startup.bundles import CIRCUITSVIS, PLOTLY, bundle_address, ensure_bundle
from app.state import backend as shared
from interp.errors import PuzzlescopeError
from tests.support.places import ROOT

# ---- the configuration -------------------------------------------------------------------------------------


@pytest.fixture
def from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As ``streamlit run /path/app/main.py`` reads its options in another folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(config, "_config_options", None)
    monkeypatch.setattr(config, "_main_script_path", str(ROOT / "app" / "main.py"))
    config.get_config_options(force_reparse=True)


@pytest.mark.usefixtures("from_elsewhere")
def test_the_configuration_holds_from_whatever_folder_it_is_started() -> None:
    expected = {
        "browser.gatherUsageStats": False,
        "server.address": "127.0.0.1",
        "server.headless": True,
        "server.enableStaticServing": True,
        "server.fileWatcherType": "none",
        "runner.postScriptGC": False,
        "runner.magicEnabled": False,
        "client.showErrorDetails": "none",
        "theme.baseRadius": "small",
    }
    assert {name: config.get_option(name) for name in expected} == expected


@pytest.mark.usefixtures("from_elsewhere")
@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        *((f"{host}:8501", True) for host in ("localhost", "127.0.0.1", "[::1]", "0.0.0.0", "192.168.3.255")),
        *(
            (host, False)
            for host in ("evil.example", "127.0.0.1.evil.example", "1.evil.example", "gpu-box", "", None)
        ),
    ],
)
def test_a_strangers_name_for_this_machine_is_refused(host: str | None, allowed: bool) -> None:
    """Any site may point a name of its own at 127.0.0.1; an address in numbers is nobody's name."""
    assert is_host_allowed(host) is allowed


# ---- the bundles -------------------------------------------------------------------------------------------


def test_many_may_put_the_bundle_in_its_place_at_once(tmp_path: Path) -> None:
    for attempt in range(5):
        folder, barrier = tmp_path / str(attempt), threading.Barrier(8)

        def put(_: int, folder: Path = folder, barrier: threading.Barrier = barrier) -> Path:
            barrier.wait()
            return ensure_bundle(PLOTLY, folder)

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(put, range(8))) == {folder / PLOTLY.file}
        assert [path.name for path in folder.iterdir()] == [PLOTLY.file]
        assert stat.S_IMODE((folder / PLOTLY.file).stat().st_mode) == bundles.READABLE


def test_a_bundle_that_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: Path, target: Path) -> None:
        target.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundles.shutil, "copyfile", full)
    with pytest.raises(PuzzlescopeError, match="No space left on device"):
        ensure_bundle(CIRCUITSVIS, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_where_it_cannot_be_written_the_bundle_comes_from_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[str] = []

    class Media:
        def add(self, path: str, mimetype: str, coordinates: str) -> str:
            served.append(path)
            return "/media/0123.js"

    (tmp_path / "file").touch()  # so there can be no folder of this name, not even for root
    monkeypatch.setattr(ensure_bundle, "__defaults__", (tmp_path / "file",))
    monkeypatch.setattr(bundles.runtime, "exists", lambda: True)
    monkeypatch.setattr(bundles.runtime, "get_instance", lambda: SimpleNamespace(media_file_mgr=Media()))
    bundles._in_place.cache_clear()
    assert bundle_address(CIRCUITSVIS) == "media/0123.js" and Path(served[0]) == CIRCUITSVIS.source
    monkeypatch.setattr(ensure_bundle, "__defaults__", (tmp_path / "static",))
    bundles._in_place.cache_clear()
    assert bundle_address(CIRCUITSVIS) == f"app/static/{CIRCUITSVIS.file}" and len(served) == 1
    bundles._in_place.cache_clear()


# ---- the backend -------------------------------------------------------------------------------------------


def test_there_is_one_backend_and_no_visitor_can_clear_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "_backend", None)
    barrier = threading.Barrier(8)

    def ask(_: int) -> int:
        barrier.wait()
        return id(shared.shared_backend())

    with ThreadPoolExecutor(8) as pool:
        (one,) = set(pool.map(ask, range(8)))
    st.cache_resource.clear()  # what Streamlit does when a browser asks it to
    assert id(shared.shared_backend()) == one
