"""Chunks overlap, stay in order, and are not read ahead of."""

import threading
import time
from collections.abc import Iterator

import pytest

from farm.annotators.threads import in_threads, overlapped


def test_results_come_in_order_and_only_so_many_items_are_open() -> None:
    n_open, most_open, taken = 0, 0, 0
    lock = threading.Lock()

    def items() -> Iterator[int]:
        nonlocal taken
        for item in range(20):
            taken += 1
            yield item

    def square(item: int) -> int:
        nonlocal n_open, most_open
        with lock:
            n_open += 1
            most_open = max(most_open, n_open)
        time.sleep(0.01 if item % 3 else 0.03)
        with lock:
            n_open -= 1
        return item * item

    seen = []
    for item, result in overlapped(square, items(), n_in_flight=3, while_waiting=lambda: None, tick_seconds=1.0):
        seen.append((item, result))
        assert taken <= len(seen) + 3
    assert seen == [(i, i * i) for i in range(20)]
    assert most_open == 3


def test_a_slow_item_does_not_stop_the_ones_behind_it() -> None:
    released = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert released.wait(timeout=10)
        else:
            released.set()  # only reached if item 1 runs while item 0 waits
        return item

    assert [r for _, r in overlapped(work, range(3), n_in_flight=2, while_waiting=lambda: None, tick_seconds=1.0)] == [
        0, 1, 2,
    ]  # fmt: skip


def test_there_are_ticks_while_waiting() -> None:
    ticks = []
    list(overlapped(time.sleep, [0.2], n_in_flight=1, while_waiting=lambda: ticks.append(1), tick_seconds=0.02))
    assert len(ticks) >= 3


def test_errors_come_out_and_nothing_to_do_is_nothing() -> None:
    def fail() -> int:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        in_threads([lambda: 1, fail], one_by_one=False)
    with pytest.raises(ValueError, match="broken"):
        list(overlapped(lambda _: fail(), [1], n_in_flight=2, while_waiting=lambda: None, tick_seconds=1.0))
    assert in_threads([], one_by_one=False) == []
    assert list(overlapped(abs, [], n_in_flight=2, while_waiting=lambda: None, tick_seconds=1.0)) == []
