"""What holds for all tests. Nothing of interp is imported here: the shape checks must be in place before it
is."""

import os
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import hypothesis
import numpy as np
import pytest
import torch
from playwright.sync_api import Browser, sync_playwright
from xdist.scheduler import LoadScopeScheduling

from scripts.dashboard import CHROMIUM_ARGUMENTS
from scripts.find_chromium import find_chromium
from tests import checks
from tests.browser.kept.browsers import KEEPING

if TYPE_CHECKING:
    from interp.ablation import ReferenceMeans
    from interp.model import PuzzleGPT

checks.install()

# The models of the tests are so small that a second thread only waits for the first. In programs and servers
# that tests start it would wait for the processor that another test has.
torch.set_num_threads(1)
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A slow machine is no failure. In CI the examples are the same in every run, so that a red build can be
# repeated.
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


# Without a card there is nothing that these could find: they are none of the tests of such a machine.
ON_A_CARD = "interp/devices/test_cuda.py"
PLAIN_NAME = "--host-resolver-rules=MAP plain.test 127.0.0.1"
"""A name of this machine that a browser trusts no more than another's."""
HAS_CARD = torch.cuda.is_available()
collect_ignore = [] if HAS_CARD else [ON_A_CARD]


def pytest_report_header() -> str:
    return f"graphics card: {'yes' if HAS_CARD else f'none, so tests/{ON_A_CARD} is left out'}"


class ByFixtures(LoadScopeScheduling):
    """What shares fixtures is run by one process, if there are several: each file, and all tests with a
    browser that share a server. Those in which servers start, stop and are full have their own: mostly they
    wait."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", maxsplit=1)[0]
        folder = str(PurePosixPath(file).parent)
        return folder if folder in ("tests/browser", "tests/browser/server") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFixtures:
    return ByFixtures(config, log)


@pytest.fixture(scope="session", autouse=True)
def _nobodys_collections(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test finds or changes what the person keeps who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One for the whole run: Playwright can be started only once in a process."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(find_chromium()), args=[*CHROMIUM_ARGUMENTS, *KEEPING, PLAIN_NAME]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def model() -> "PuzzleGPT":
    """A small random model."""
    from tests.support.models import small_model

    return small_model()


@pytest.fixture(scope="session")
def tokens() -> np.ndarray:
    """Of six puzzles, each of another task or order."""
    from tests.support.models import six_puzzles

    return six_puzzles()


@pytest.fixture(scope="session")
def means(model: "PuzzleGPT", tokens: np.ndarray) -> "ReferenceMeans":
    """Of the small model, over the six puzzles, and all else that methods of ablation need to know there."""
    from tests.support.terms import everything_known

    return everything_known(model, tokens)


@pytest.fixture(scope="module")
def few_references() -> Iterator[None]:
    """The bank's means over four puzzles of each order of the grids, not 64, for all who take them in a file:
    with a random model it does not matter what is usual, only that all mean the same by it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("interp.ablation.means.REFERENCE_PUZZLES", 4)
        yield


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a small random model: a name that ``load_model`` takes."""
    from tests.support.models import saved_model

    return saved_model(tmp_path_factory.mktemp("model"))
