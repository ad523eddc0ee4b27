"""`--check`: what differs from the verdicts is said, and what a machine rounds otherwise is not."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from farm.leaderboard.checking import check_folder
from farm.leaderboard.files import write_leaderboard
from farm.leaderboard.making.build import BoardSettings, build_board
from farm.leaderboard.stored import Stored
from tests.leaderboard.made_data import a_board

DATA = a_board()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    stored = Stored(data=DATA, settings=BoardSettings(n_resamples=20, seed=0))
    write_leaderboard(stored, build_board(DATA, stored.settings, tmp_path), tmp_path)
    (tmp_path / "human").mkdir()
    (tmp_path / "human" / "published.csv").touch()
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_leaderboard_says_what_its_verdicts_say(folder: Path) -> None:
    assert check_folder(folder, None) == []
    assert check_folder(folder, DATA) == []


def a_rate(folder: Path) -> str:
    """A win rate as the CSV has it, long enough to be changed in its last digits."""
    return max(re.findall(r"0\.\d+", (folder / "standings.csv").read_text()), key=len)


def test_the_fifteenth_digit_is_no_difference(folder: Path) -> None:
    rate = a_rate(folder)
    for name in ("standings.csv", "leaderboard.json"):
        change(folder / name, rate, repr(float(rate) + 1e-15))
    page = (folder / "README.md").read_text()
    shown = re.search(r"(\d\d)\.(\d) ±", page)
    assert shown is not None
    neighbour = f"{float(shown[0][:-2]) + 0.1:.1f} ±"
    change(folder / "README.md", shown[0], neighbour)
    assert check_folder(folder, None) == []


@pytest.mark.parametrize("name", ["standings.csv", "leaderboard.json"])
def test_the_ninth_digit_is_one(name: str, folder: Path) -> None:
    rate = a_rate(folder)
    change(folder / name, rate, repr(float(rate) + 1e-7))
    (found,) = check_folder(folder, None)
    assert name in found and rate in found


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("README.md", "| a |", "| z |"),
        ("README.md", " 240 ", " 241 "),
        ("standings.csv", ",a,", ",z,"),
        ("seeds.csv", ",40,10.0", ",41,10.0"),
        ("leaderboard.json", '"model": "a"', '"model": "z"'),
        ("leaderboard.json", '"n_unparsed": 0', '"n_unparsed": 1'),
    ],
)
def test_another_name_or_count_is_a_difference(name: str, old: str, new: str, folder: Path) -> None:
    change(folder / name, old, new)
    assert any(line.startswith(str(folder / name)) for line in check_folder(folder, None))


def test_missing_and_stray_files_are_named(folder: Path) -> None:
    (folder / "seeds.csv").unlink()
    (folder / "repeats.csv").write_text("")
    (folder / "leaderboard.json").write_text("{")
    found = "\n".join(check_folder(folder, None))
    assert "seeds.csv: missing" in found and "repeats.csv: not made by" in found and "no JSON" in found
    assert "published.csv" not in found


def test_a_changed_page_of_hundreds_of_lines_is_said_in_a_few(folder: Path) -> None:
    content = json.loads((folder / "leaderboard.json").read_text())
    for table in content["tables"]:
        for row in table["rows"]:
            row |= {"model": "z", "feedback": "z", "base": "z"}
    (folder / "leaderboard.json").write_text(json.dumps(content))
    assert len(check_folder(folder, None)) == 11


def test_verdicts_of_another_root_are_named(folder: Path) -> None:
    other = DATA.verdicts.copy()
    other.loc[0, "n_wins"] += 1
    found = check_folder(folder, replace(DATA, verdicts=other))
    assert found == ["verdict of pond-a--0, judged by crowd, on i000: not what the root says"]
    without = replace(DATA, entries=DATA.entries[1:], verdicts=DATA.verdicts[40:])
    (found_line,) = check_folder(folder, without)
    assert "in the leaderboard, not in the root" in found_line and "pond-a--0" in found_line
    renamed = [replace(DATA.entries[0], notes=("x",)), *DATA.entries[1:]]
    assert "described otherwise" in check_folder(folder, replace(DATA, entries=renamed))[0]
