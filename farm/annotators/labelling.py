"""An annotator labels comparisons that are read a chunk at a time; only what is in flight is in memory."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

from farm.annotators.annotator import Annotator
from farm.annotators.tally import Tally
from farm.annotators.threads import overlapped
from farm.calls.lazy import LazyCalls
from farm.calls.request import Calls, Reply, Request
from farm.calls.spending.cost_report import cost_words
from farm.data.annotated_rows import annotated
from farm.data.comparisons import ComparedRow, Comparisons
from farm.data.files.rows import Row
from farm.progress import Bar, progress
from farm.records import Annotation

ItemT = TypeVar("ItemT")
TICK_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Labelling:
    """Who labels, and how."""

    annotator: Annotator
    """Who labels."""
    seed: int
    """Keys all draws."""
    chunk_rows: int
    """Comparisons that are worked on as one piece."""
    chunks_in_flight: int
    """Pieces worked on at the same time."""


def labelled_rows(source: Comparisons, labelling: Labelling, calls: LazyCalls, tally: Tally) -> Iterator[list[Row]]:
    """The rows with their annotations, a chunk at a time.

    Args:
        source: what to label.
        labelling: who labels, and how.
        calls: answers the judges' requests to models.
        tally: counts the annotations as they come.
    """
    label = f"annotating with {labelling.annotator.name}"
    with progress(label, total=source.n_rows, unit="comparisons") as bar:
        meter = _Meter(bar, calls, tally)
        for chunk, annotations in _annotated_chunks(source, labelling, meter):
            tally.add(annotations)
            yield [annotated(compared.row, annotation) for compared, annotation in zip(chunk, annotations, strict=True)]
            meter.tick()


def ask_about_all(source: Comparisons, labelling: Labelling, calls: Calls) -> None:
    """Ask everything that labelling would ask, without noise, and keep nothing: for calls that only count."""
    label = f"counting the calls of {labelling.annotator.name}"
    with progress(label, total=source.n_rows, unit="comparisons") as bar:
        for chunk in source.chunks(labelling.chunk_rows):
            comparisons = [compared.comparison for compared in chunk]
            labelling.annotator.annotate(comparisons, (), labelling.seed, with_noise=False, calls=calls)
            bar.advance(len(chunk))


def _annotated_chunks(
    source: Comparisons, labelling: Labelling, meter: "_Meter"
) -> Iterator[tuple[Sequence[ComparedRow], list[Annotation]]]:
    def work(chunk: Sequence[ComparedRow]) -> list[Annotation]:
        comparisons = [compared.comparison for compared in chunk]
        return labelling.annotator.annotate(comparisons, (), labelling.seed, with_noise=True, calls=meter)

    return overlapped(
        work,
        meter.started(source.chunks(labelling.chunk_rows)),
        n_in_flight=labelling.chunks_in_flight,
        while_waiting=meter.tick,
        tick_seconds=TICK_SECONDS,
    )


class _Meter:
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
            notes.insert(0, f"{total.n_calls:,} calls, {cost_words(total)}")
            share = min(1.0, total.n_requests / max(1, self._n_asked))
            n_done = max(n_done, int(share * self._n_started))
        self._bar.note(", ".join(notes))
        self._bar.advance(max(0, n_done - self._n_shown))
        self._n_shown = max(n_done, self._n_shown)
