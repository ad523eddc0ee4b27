"""What `farm annotate` says while it runs and when it is done."""

from collections.abc import Iterable, Iterator, Sequence
from threading import Lock
from typing import TypeVar

from farm.annotators.tally import Tally
from farm.calls.dry_run import DryReport
from farm.calls.lazy import LazyCalls
from farm.calls.request import Reply, Request
from farm.calls.settings import HumanPrice
from farm.calls.spending.ledger import Account, LedgerReport, money, tokens
from farm.calls.spending.prices import price_override
from farm.progress import Bar
from farm.reports.tables import columns

ItemT = TypeVar("ItemT")


class AnnotateMeter:
    """Moves the bar while calls come back, for a chunk is done only when its last call is.

    The share of the calls asked for that have been answered is taken for the share of the comparisons begun that are
    done. It is a `Calls` itself: it counts what it hands on.
    """

    def __init__(self, bar: Bar, calls: LazyCalls, tally: Tally) -> None:
        self._bar, self._calls, self._tally = bar, calls, tally
        self._lock = Lock()
        self._n_started = self._n_asked = self._n_shown = 0

    def started(self, chunks: Iterable[Sequence[ItemT]]) -> Iterator[Sequence[ItemT]]:
        """The chunks, counted when they are taken."""
        for chunk in chunks:
            self._n_started += len(chunk)
            yield chunk

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        """Hand on and count."""
        with self._lock:
            self._n_asked += len(requests)
        return self._calls.ask(requests)

    def tick(self) -> None:
        """Show how far it is."""
        notes = [f"{self._tally.n_unparsed:,} unparsed"]
        n_done = self._tally.n
        if self._calls.session is not None:
            report = self._calls.session.report()
            total = report.total
            notes.insert(0, f"{total.n_calls:,} calls, {_cost(total)}")
            share = min(1.0, total.n_requests / max(1, self._n_asked))
            n_done = max(n_done, int(share * self._n_started))
        self._bar.note(", ".join(notes))
        self._bar.advance(max(0, n_done - self._n_shown))
        self._n_shown = max(n_done, self._n_shown)


def cost_lines(report: LedgerReport | None, human: HumanPrice, n_comparisons: int) -> list[str]:
    """Calls, tokens and money of a run, beside what people would take; nothing if no model was asked."""
    if report is None:
        return []
    total = report.total
    counts = [f"{total.n_calls:,} calls", f"{total.n_cache_hits:,} from the cache"]
    if total.n_retries:
        counts.append(f"{total.n_retries:,} tries again")
    if total.n_failures:
        counts.append(f"{total.n_failures:,} without a reply")
    used = (
        f"; {tokens(total.n_prompt_tokens)} prompt tokens ({tokens(total.n_cached_prompt_tokens)} of them from the "
        f"provider's cache), {tokens(total.n_completion_tokens)} reply tokens"
    )
    lines = [", ".join(counts) + (used if total.n_calls else "")]
    saved = f" ({money(total.saved_usd)} saved by the cache)" if total.saved_usd else ""
    lines.append(f"{_cost(total)}{saved}; {people(human, n_comparisons)}")
    return lines


def dry_run_lines(report: DryReport, human: HumanPrice, n_comparisons: int) -> list[str]:
    """What each judge would take, and all together."""
    if not report.accounts:
        return ["no model would be asked"]
    rows = [("judge", "model", "calls", "cached", "prompt tokens", "reply tokens", "USD")]
    rows += [
        (
            a.judge,
            a.model,
            f"{a.n_calls:,}",
            f"{a.n_cached:,}",
            tokens(a.n_prompt_tokens),
            f"<= {tokens(a.most_completion_tokens)}",
            "unknown" if a.most_usd is None else f"<= {money(a.most_usd)}",
        )
        for a in report.accounts
    ]
    lines = columns(rows, n_text_columns=2)
    lines.append(
        f"{report.n_calls:,} calls would be made, {report.n_cached:,} answered from the cache; about "
        f"{tokens(report.n_prompt_tokens)} prompt tokens, at most {tokens(report.most_completion_tokens)} reply tokens"
    )
    if all(account.most_usd is None for account in report.accounts):
        lines.append(f"their price is unknown; {people(human, n_comparisons)}")
    else:
        about = f"about {money(report.expected_usd)}, " if report.expected_usd < report.most_usd else ""
        lines.append(f"{about}at most {money(report.most_usd)}; {people(human, n_comparisons)}")
    if report.unpriced_models:
        names = ", ".join(report.unpriced_models)
        lines.append(f"no price is known of {names}: give one in USD per million tokens, e.g.")
        lines.append(f"  {price_override(report.unpriced_models[0])}")
    return lines


def people(human: HumanPrice, n_comparisons: int) -> str:
    """What human labels of so many comparisons cost in AlpacaFarm."""
    thousands = n_comparisons / 1000
    return f"people: {money(human.usd_per_1000 * thousands)} and {human.hours_per_1000 * thousands:,.1f} h"


def _cost(total: Account) -> str:
    if not total.n_unpriced:
        return money(total.cost_usd)
    known = f"{money(total.cost_usd)} and " if total.cost_usd else ""
    return f"{known}{total.n_unpriced:,} calls of unknown price"
