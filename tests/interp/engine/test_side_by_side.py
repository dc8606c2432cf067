"""Small computations at once: each its own item, in order, and PyTorch's threads as they were."""

import threading
from collections.abc import Iterator

import pytest
import torch

from interp.engine import side_by_side as module
from interp.engine.side_by_side import lanes, side_by_side

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def four_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def test_items_are_worked_on_at_once_in_inference_mode_and_come_back_in_order() -> None:
    meet = threading.Barrier(3, timeout=60)

    def work(item: int) -> tuple[int, bool, int]:
        meet.wait()  # breaks unless three are here at the same time
        return item, torch.is_inference_mode_enabled(), torch.get_num_threads()

    assert side_by_side(work, [5, 3, 4], CPU) == [(5, True, 1), (3, True, 1), (4, True, 1)]
    assert torch.get_num_threads() == 4
    later: list[int] = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert later == [4], "also in a thread that begins afterwards"


def test_one_item_one_thread_or_a_card_is_worked_on_here(monkeypatch: pytest.MonkeyPatch) -> None:
    here = threading.get_ident()
    assert side_by_side(lambda _: threading.get_ident(), [1], CPU) == [here]
    torch.set_num_threads(1)
    assert side_by_side(lambda _: threading.get_ident(), [1, 2], CPU) == [here, here]
    torch.set_num_threads(64)
    assert lanes(CPU) == module.MOST and lanes(torch.device("cuda")) == 1


def test_an_items_error_is_raised_when_all_have_ended() -> None:
    ended = []

    def work(item: int) -> None:
        if item == 1:
            raise ValueError("one")
        ended.append(item)

    with pytest.raises(ValueError, match="one"):
        side_by_side(work, [1, 2, 3], CPU)
    assert sorted(ended) == [2, 3]
