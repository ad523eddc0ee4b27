"""JSON files of reports: keys sorted, floats not rounded, every number with what it rests on."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from farm.disk import write_whole
from farm.stats.bootstrap import Estimate

Json = dict[str, object]


class FigureJson(TypedDict):
    """A figure with its 95% interval."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    """What it rests on."""
    n_unparsed: int
    reason: str
    """Why something is null; empty if nothing is."""


def write_json(content: Mapping[str, object], path: Path) -> None:
    """Write the file whole; NaN is refused, for JSON has none."""
    write_whole(path, json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def figure(value: Estimate) -> FigureJson:
    """An estimate with `n` for what it rests on, as the reports on annotators have it."""
    return {
        "value": value.value,
        "low": value.low,
        "high": value.high,
        "n": value.n_total,
        "n_unparsed": value.n_unparsed,
        "reason": value.reason,
    }
