"""What holds for all tests of the dashboard without a browser."""

import functools
from collections.abc import Iterator

import pytest
from streamlit import config
from streamlit.components.v2 import manifest_scanner


@pytest.fixture(scope="session", autouse=True)
def _packages_looked_through_once() -> Iterator[None]:
    """Streamlit looks for components in every installed package whenever a test opens a page: 0.2 s of
    processor time, and it finds the same each time."""
    with pytest.MonkeyPatch.context() as patch:
        scan = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_collection_after_each_run() -> None:
    """As app/.streamlit/config.toml has it, which is read by a server, not by AppTest: a full collection of
    garbage after each run takes 0.3 s and more, with all that the tests import."""
    config.set_option("runner.postScriptGC", False)


@pytest.fixture(scope="module", autouse=True)
def _few_reference_puzzles(few_references: None) -> None:
    """For every file here, or one would find the means that the pages' backend keeps from another."""
