"""Work that waits for others, done side by side: judges of one chunk, and chunks of one file."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


def in_threads(functions: Sequence[Callable[[], ResultT]], *, one_by_one: bool) -> list[ResultT]:
    """All results in order.

    Args:
        functions: what to do; the results must not depend on who is first.
        one_by_one: one after the other in this thread: for functions that compute and do not wait.

    Raises:
        The first exception in the order of `functions`. An interrupt does not wait for the others.
    """
    if one_by_one or len(functions) < 2:
        return [function() for function in functions]
    pool = ThreadPoolExecutor(max_workers=len(functions), thread_name_prefix="judge")
    try:
        futures = [pool.submit(function) for function in functions]
        return [future.result() for future in futures]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def overlapped(
    function: Callable[[ItemT], ResultT],
    items: Iterable[ItemT],
    *,
    n_in_flight: int,
    while_waiting: Callable[[], None],
    tick_seconds: float,
) -> Iterator[tuple[ItemT, ResultT]]:
    """`(item, function(item))` in order, with `n_in_flight` items being worked on: none waits for the last one's end.

    Args:
        function: called in threads.
        items: taken no earlier than needed, so that memory holds `n_in_flight` of them.
        n_in_flight: how many at the same time.
        while_waiting: called in this thread every `tick_seconds`.
        tick_seconds: seconds.
    """
    pool = ThreadPoolExecutor(max_workers=n_in_flight, thread_name_prefix="chunk")
    waiting: deque[tuple[ItemT, Future[ResultT]]] = deque()
    source = iter(items)
    try:
        while True:
            for item in islice(source, n_in_flight - len(waiting)):
                waiting.append((item, pool.submit(function, item)))
            if not waiting:
                return
            item, future = waiting.popleft()
            while not wait([future], timeout=tick_seconds).done:
                while_waiting()
            yield item, future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
