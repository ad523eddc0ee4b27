"""Whether a leaderboard says what its verdicts say, and whether these are what a root measured.

Numbers are compared as numbers: machines add in different orders, so that figures may differ in their last digits. Two
figures are the same within TOLERANCE, relative or absolute; those of the page, which are rounded, within one unit of
the last digit that is shown. Everything else has to be the same.
"""

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from farm.bounded.json_text import read_json
from farm.leaderboard.collection.everything import Collected, place_of
from farm.leaderboard.entries import Entry
from farm.leaderboard.files import PUBLISHED, shown_files
from farm.leaderboard.making.build import build_board
from farm.leaderboard.stored import read_stored
from farm.leaderboard.verdict_table import COLUMN_TYPES, IDENTITY

TOLERANCE = 1e-9
MAX_SHOWN = 10
"""Differences that are spelled out of one file."""
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def check_folder(folder: Path, root: Collected | None) -> list[str]:
    """What differs, a line each; none if the folder says what its verdicts say.

    Args:
        folder: of the leaderboard.
        root: what the root says that the leaderboard was made from; None if that is not asked.

    Raises:
        UserError: `verdicts.parquet` or `entries.json` is missing or damaged.
    """
    stored = read_stored(folder)
    expected = shown_files(stored, build_board(stored.data, stored.settings, folder))
    found = [line for name, text in expected.items() for line in _file_differences(folder / name, text)]
    known = {folder / name for name in expected}
    strays = [p for p in sorted(folder.rglob("*.csv")) if p not in known and p.parent != folder / PUBLISHED]
    found += [f"{path}: not made by `farm leaderboard`" for path in strays]
    return found + ([] if root is None else _root_differences(stored.data, root))


def _file_differences(path: Path, expected: str) -> list[str]:
    """Of one file; nothing if it says the same."""
    if not path.is_file():
        return [f"{path}: missing"]
    content = path.read_bytes()
    if content == expected.encode("utf-8", "surrogatepass"):
        return []
    text = content.decode(errors="replace")
    reader = {".csv": _csv_differences, ".json": _json_differences}.get(path.suffix, _page_differences)
    differences = list(reader(text, expected))
    more = [f"{path}: {len(differences) - MAX_SHOWN} more differences"] if len(differences) > MAX_SHOWN else []
    return [f"{path}: {line}" for line in differences[:MAX_SHOWN]] + more


def _csv_differences(text: str, expected: str) -> Iterator[str]:
    rows, wanted = (list(csv.reader(io.StringIO(each, newline=""))) for each in (text, expected))
    if len(rows) != len(wanted) or rows[:1] != wanted[:1]:
        yield (
            f"{len(rows)} lines with {len(rows[0]) if rows else 0} columns, the verdicts give {len(wanted)} with "
            f"{len(wanted[0])}"
        )
        return
    for number, (row, other) in enumerate(zip(rows, wanted, strict=True), start=1):
        if len(row) != len(other):
            yield f"line {number}: {len(row)} cells, the verdicts give {len(other)}"
            continue
        for name, is_, should in zip(wanted[0], row, other, strict=True):
            if is_ != should and not _is_same_text(is_, should):
                yield f"line {number}, {name}: {is_ or 'empty'}, the verdicts give {should or 'empty'}"


def _json_differences(text: str, expected: str) -> Iterator[str]:
    try:
        found = read_json(text)
    except ValueError as error:
        yield f"no JSON: {error}"
        return
    yield from _value_differences("", found, read_json(expected))


def _value_differences(place: str, found: Any, wanted: Any) -> Iterator[str]:
    if isinstance(wanted, dict) and isinstance(found, dict) and found.keys() == wanted.keys():
        for key in wanted:
            yield from _value_differences(f"{place}.{key}".lstrip("."), found[key], wanted[key])
    elif isinstance(wanted, list) and isinstance(found, list) and len(found) == len(wanted):
        for index, (a, b) in enumerate(zip(found, wanted, strict=True)):
            yield from _value_differences(f"{place}[{index}]", a, b)
    elif found != wanted and not (_is_number(found) and _is_number(wanted) and _is_close(found, wanted)):
        yield f"{place or 'the file'}: {found!r:.120}, the verdicts give {wanted!r:.120}"


def _page_differences(text: str, expected: str) -> Iterator[str]:
    lines, wanted = text.splitlines(), expected.splitlines()
    if len(lines) != len(wanted):
        yield f"{len(lines)} lines, the verdicts give {len(wanted)}"
    for number, (line, other) in enumerate(zip(lines, wanted, strict=False), start=1):
        if line != other and not _is_same_rounded(line, other):
            yield f"line {number}: {line!r:.200}, the verdicts give {other!r:.200}"


def _is_same_rounded(line: str, other: str) -> bool:
    """Whether two lines differ in the last shown digit of numbers with decimals alone, by one unit."""
    if _NUMBER.sub("#", line) != _NUMBER.sub("#", other):
        return False
    for a, b in zip(_NUMBER.findall(line), _NUMBER.findall(other), strict=True):
        n_decimals = len(b.partition(".")[2])
        unit = 1.01 * 10.0**-n_decimals if n_decimals and len(a.partition(".")[2]) == n_decimals else 0.0
        if a != b and abs(float(a) - float(b)) > unit:
            return False
    return True


def _is_same_text(cell: str, other: str) -> bool:
    """Whether both are numbers and the same within TOLERANCE; a whole number is exact."""
    try:
        a, b = float(cell), float(other)
    except ValueError:
        return False
    is_whole = cell.lstrip("-").isdigit() and other.lstrip("-").isdigit()
    return a == b if is_whole else _is_close(a, b)


def _is_number(value: object) -> bool:
    return isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool))


def _is_close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE) and not (isinstance(a, int) and isinstance(b, int))


def _root_differences(stored: Collected, root: Collected) -> list[str]:
    """How the stored entries and verdicts differ from those of a root."""
    found = _entry_differences(stored, root)
    columns = [name for name in COLUMN_TYPES if name not in IDENTITY]
    shared = {(e.key, e.annotator) for e in stored.entries} & {(e.key, e.annotator) for e in root.entries}
    merged = stored.verdicts.merge(
        root.verdicts, on=list(IDENTITY), how="outer", indicator=True, suffixes=("", "_root")
    )
    is_shared = [pair in shared for pair in zip(merged["key"], merged["annotator"], strict=True)]
    merged = merged[is_shared]
    differing = merged["_merge"] != "both"
    for name in columns:
        a, b = merged[name], merged[f"{name}_root"]
        if COLUMN_TYPES[name] == "float64":
            is_same = ((a - b).abs() <= TOLERANCE * b.abs().clip(lower=1)) | (a.isna() & b.isna())
        else:
            is_same = ((a == b) | (a.isna() & b.isna())).fillna(False).astype(bool)
        differing |= ~is_same
    rows = merged[differing]
    found += [
        f"verdict of {row.key}, judged by {row.annotator}, on {row.instruction_key}: not what the root says"
        for row in rows.head(MAX_SHOWN).itertuples()
    ]
    return found + ([f"{len(rows) - MAX_SHOWN} more verdicts differ"] if len(rows) > MAX_SHOWN else [])


def _entry_differences(stored: Collected, root: Collected) -> list[str]:
    here, there = ({(e.key, e.annotator): e for e in data.entries} for data in (stored, root))
    lines = [
        f"{_named(here[pair])}: in the leaderboard, not in the root" for pair in sorted(here.keys() - there.keys())
    ]
    lines += [
        f"{_named(there[pair])}: in the root, not in the leaderboard" for pair in sorted(there.keys() - here.keys())
    ]
    lines += [
        f"{_named(here[pair])}: described otherwise than in the root"
        for pair in sorted(here.keys() & there.keys())
        if here[pair] != there[pair]
    ]
    return _shortened(lines, "entries")


def _named(entry: Entry) -> str:
    track, annotator, name, feedback, *_ = place_of(entry)
    return f"entry {entry.key} ({name}, feedback {feedback or 'none'}, track {track}, judged by {annotator})"


def _shortened(lines: Sequence[str], what: str) -> list[str]:
    more = [f"{len(lines) - MAX_SHOWN} more {what} differ"] if len(lines) > MAX_SHOWN else []
    return [*lines[:MAX_SHOWN], *more]
