"""The two files that prove a leaderboard: the same data, the same bytes; damage is one sentence."""

import json
from pathlib import Path

import pandas as pd
import pytest

from farm.errors import UserError
from farm.leaderboard.collection.everything import collected
from farm.leaderboard.making.build import BoardSettings
from farm.leaderboard.stored import ENTRIES_FILE, VERDICTS_FILE, Stored, read_stored, stored_files
from tests.leaderboard.made_data import a_board

STORED = Stored(data=a_board(), settings=BoardSettings(n_resamples=20, seed=3))


def put(folder: Path) -> None:
    for name, content in stored_files(STORED).items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def test_what_is_stored_comes_back(tmp_path: Path) -> None:
    put(tmp_path)
    read = read_stored(tmp_path)
    assert read.settings == STORED.settings and read.data.entries == STORED.data.entries
    assert read.data.tracks == STORED.data.tracks
    pd.testing.assert_frame_equal(read.data.verdicts, STORED.data.verdicts)


def test_the_order_in_which_data_are_found_changes_no_byte() -> None:
    data = STORED.data
    shuffled = collected(list(data.entries)[::-1], [data.verdicts.sample(frac=1, random_state=0)], data.tracks)
    assert stored_files(Stored(data=shuffled, settings=STORED.settings)) == stored_files(STORED)


DAMAGE = {
    "no verdicts": (VERDICTS_FILE, None),
    "cut verdicts": (VERDICTS_FILE, b"PAR1"),
    "no entries": (ENTRIES_FILE, None),
    "cut entries": (ENTRIES_FILE, b'{"schema_version": 1,'),
    "a list": (ENTRIES_FILE, b"[]"),
    "brackets": (ENTRIES_FILE, b"[" * 5000),
    "empty": (ENTRIES_FILE, b"{}"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_file_is_one_sentence(what: str, tmp_path: Path) -> None:
    put(tmp_path)
    name, content = DAMAGE[what]
    (tmp_path / name).unlink() if content is None else (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=name) as caught:
        read_stored(tmp_path)
    assert "\n" not in str(caught.value)


def changed_entries(folder: Path, **changes: object) -> None:
    content = json.loads((folder / ENTRIES_FILE).read_text())
    content["entries"][0] |= changes
    (folder / ENTRIES_FILE).write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"seed": "0"}, "seed"),
        ({"notes": [1]}, "notes"),
        ({"colour": "red"}, "colour"),
        ({"track": "sea"}, "sea"),
        ({"key": "other"}, "other"),
        ({"is_label_free": 1}, "is_label_free"),
    ],
)
def test_an_entry_that_is_none_is_named(changes: dict[str, object], says: str, tmp_path: Path) -> None:
    put(tmp_path)
    changed_entries(tmp_path, **changes)
    with pytest.raises(UserError, match=says):
        read_stored(tmp_path)


@pytest.mark.parametrize("settings", [{"n_resamples": 10**12, "seed": 0}, {"n_resamples": True, "seed": 0}, {}, 7])
def test_settings_that_are_none_are_named(settings: object, tmp_path: Path) -> None:
    put(tmp_path)
    content = json.loads((tmp_path / ENTRIES_FILE).read_text())
    (tmp_path / ENTRIES_FILE).write_text(json.dumps(content | {"settings": settings}))
    with pytest.raises(UserError, match=ENTRIES_FILE):
        read_stored(tmp_path)


@pytest.mark.parametrize(("column", "value"), [("score", 1.5), ("n_wins", -1), ("length", -5)])
def test_a_verdict_out_of_range_is_named(column: str, value: float, tmp_path: Path) -> None:
    put(tmp_path)
    table = pd.read_parquet(tmp_path / VERDICTS_FILE)
    table.loc[3, column] = value
    table.to_parquet(tmp_path / VERDICTS_FILE, index=False)
    with pytest.raises(UserError, match=rf"{VERDICTS_FILE} is damaged: {column} of pond-a--0 on i003"):
        read_stored(tmp_path)


def test_a_verdict_that_stands_twice_is_named(tmp_path: Path) -> None:
    put(tmp_path)
    table = pd.read_parquet(tmp_path / VERDICTS_FILE)
    pd.concat([table, table[:1]]).to_parquet(tmp_path / VERDICTS_FILE, index=False)
    with pytest.raises(UserError, match="two rows for instruction i000"):
        read_stored(tmp_path)
