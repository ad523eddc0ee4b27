"""Calls that open their session (cache, connections) at the first question, so that a run without any opens none."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from farm.calls.request import Reply, Request
from farm.calls.settings import CallSettings
from farm.errors import UserError

if TYPE_CHECKING:
    from farm.calls.session import Session


class LazyCalls:
    """Answers requests (`farm.calls.request.Calls`)."""

    def __init__(self, settings: CallSettings, stack: ExitStack, *, needs_all: bool) -> None:
        self._settings, self._stack, self._needs_all = settings, stack, needs_all
        self._lock = threading.Lock()
        self.session: Session | None = None
        """Once something has been asked."""

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        """One reply per request, in order.

        Raises:
            UserError: no request can succeed; or the budget is spent, where every reply is needed.
        """
        if not requests:
            return []
        replies = self._opened().ask(requests)
        if self._needs_all and (stop := self._opened().budget_stop()):
            raise UserError(stop)
        return replies

    def _opened(self) -> "Session":
        with self._lock:
            if self.session is None:
                # Not at the top: the client of the endpoints takes a second to import.
                from farm.calls.session import open_calls

                self.session = self._stack.enter_context(open_calls(self._settings))
            return self.session


@contextmanager
def lazy_calls(settings: CallSettings, *, needs_all: bool) -> Iterator[LazyCalls]:
    """Calls whose session is closed at the end, if there is one.

    Args:
        settings: conf/calls/*.yaml.
        needs_all: a budget that ends before everything is asked is an error, for what is made of the replies must be
            whole; otherwise the replies say that they were not asked for.
    """
    with ExitStack() as stack:
        yield LazyCalls(settings, stack, needs_all=needs_all)
