"""The one door to tools that show curves while something is trained: every trainer logs here, and nowhere else.

A run is asked for tools by `report_to`; within `reporting_to` they are open to whatever is trained. Each training has
curves of its own: the SFT policy, the reward model, each round of a method that trains several times. A sweep makes
each of them once, under the lock of its artifact, so no two workers ever write the same curves. Their names are those
of `metrics.jsonl`, documented where each metric is logged, and their steps are those of that file.

A training that was killed and goes on logs its earlier steps anew, from what it kept: the curves of the last try are
whole, and hold each step once.

Without `report_to` nothing here does anything, and no tool is imported.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_UNFIT = re.compile(r"[^A-Za-z0-9.]+")
_MAX_LABEL = 60
"""Characters of a label that its curves' name has."""


class Curves(Protocol):
    """The curves of one training."""

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        """One point of each curve; steps rise."""

    def close(self, *, is_whole: bool) -> None:
        """The last point has been logged.

        Args:
            is_whole: False if the training failed or was stopped.
        """


class Tracker(Protocol):
    """A tool that shows curves."""

    def begin(self, name: str, settings: Mapping[str, object]) -> Curves:
        """Curves from their first step on; those of an earlier try of the same training are replaced or stay beside.

        Args:
            name: of the training; fit for a folder, the same in every try.
            settings: what made it: kind, settings, keys of its parents, seed.

        Raises:
            UserError: the tool cannot be used; the message says what it said.
        """


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is made now."""

    key: str
    """Of the artifact."""
    settings: Mapping[str, object]
    """Kind, settings, keys of its parents, seed; no secret."""
    scratch_dir: Path
    """Each training in it has a scratch folder of its own below it, or this one."""


_trackers: ContextVar[tuple[Tracker, ...]] = ContextVar("trackers", default=())
_subject: ContextVar[Subject | None] = ContextVar("subject", default=None)


@contextmanager
def reporting_to(trackers: tuple[Tracker, ...]) -> Iterator[None]:
    """Within it, whatever is trained is shown by these tools."""
    token = _trackers.set(trackers)
    try:
        yield
    finally:
        _trackers.reset(token)


@contextmanager
def making(subject: Subject) -> Iterator[None]:
    """Within it, what is trained belongs to this artifact."""
    token = _subject.set(subject)
    try:
        yield
    finally:
        _subject.reset(token)


@contextmanager
def training_curves(label: str, scratch_dir: Path) -> Iterator[Curves]:
    """The curves of one training, by all tools that were asked for; of nothing outside of an artifact.

    Args:
        label: what is trained.
        scratch_dir: the training's own.
    """
    subject = _subject.get()
    if subject is None or not _trackers.get():
        yield _All(())
        return
    place = scratch_dir.resolve().relative_to(subject.scratch_dir.resolve()).parts
    seed = f"seed{subject.settings.get('seed')}"
    with curves_named((label, seed, subject.key, *place), subject.settings) as curves:
        yield curves


@contextmanager
def curves_named(parts: tuple[str, ...], settings: Mapping[str, object]) -> Iterator[Curves]:
    """Curves of a name that is put together from parts; closed with the block."""
    with ExitStack() as opened:
        curves = _All(tuple(opened.enter_context(_begun(t, _name(parts), settings)) for t in _trackers.get()))
        yield curves


class _All:
    """Curves in several tools at once."""

    def __init__(self, curves: tuple[Curves, ...]) -> None:
        self._curves = curves

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        for curves in self._curves:
            curves.log(step, figures)

    def close(self, *, is_whole: bool) -> None:
        for curves in self._curves:
            curves.close(is_whole=is_whole)


@contextmanager
def _begun(tracker: Tracker, name: str, settings: Mapping[str, object]) -> Iterator[Curves]:
    curves = tracker.begin(name, settings)
    try:
        yield curves
    except BaseException:
        curves.close(is_whole=False)
        raise
    curves.close(is_whole=True)


def _name(parts: tuple[str, ...]) -> str:
    """Labels come from settings: what is no letter, digit or dot of them is `_`."""
    return "-".join(_UNFIT.sub("_", part).strip("._")[:_MAX_LABEL] or "_" for part in parts)
