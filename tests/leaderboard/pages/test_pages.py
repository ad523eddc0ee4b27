"""The page, the CSV, the JSON and the terminal show one board."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from farm.leaderboard.board import Board
from farm.leaderboard.making.build import BoardSettings, build_board
from farm.leaderboard.pages.csv_tables import seeds_csv, standings_csv
from farm.leaderboard.pages.json_file import leaderboard_json
from farm.leaderboard.pages.json_schema import LeaderboardJson
from farm.leaderboard.pages.markdown_page import markdown_page
from farm.leaderboard.pages.terminal import short_ranking
from tests.analysis.comparison_shape import mismatches
from tests.leaderboard.made_data import POND, a_board, drawn, entry, made
from tests.paths import ROOT

SETTINGS = BoardSettings(n_resamples=20, seed=0)
DATA = a_board()
BOARD = build_board(DATA, SETTINGS, Path())


def parsed(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def lines_of(board: Board) -> list[str]:
    return [line for line in markdown_page(board).splitlines() if line.startswith("| ") and "model" not in line]


def test_all_of_them_have_the_same_figures() -> None:
    rows = parsed(standings_csv(BOARD))
    tables = json.loads(leaderboard_json(BOARD, SETTINGS))["tables"]
    in_json = [row for table in tables for row in table["rows"]]
    shown = lines_of(BOARD)
    assert len(rows) == len(in_json) == len(shown) == 6
    for row, other, line in zip(rows, in_json, shown, strict=True):
        assert float(row["win_rate"]) == other["win_rate"] and row["model"] == other["model"]
        assert float(row["length_controlled_low"] or 0) == (other["length_controlled"]["low"] or 0)
        assert f"| {100 * other['win_rate']:.1f} ± {100 * other['standard_error']:.1f} |" in line
        assert row["keys"].split() == other["keys"]


def test_the_json_is_as_documented() -> None:
    content = json.loads(leaderboard_json(BOARD, SETTINGS))
    assert mismatches(content, LeaderboardJson) == []
    assert content["schema_version"] == 1 and content["settings"] == {"n_resamples": 20, "seed": 0}
    assert len(content["tables"][1]["trust"]) == 1


def test_every_seed_stands_by_itself() -> None:
    rows = parsed(seeds_csv(DATA))
    assert len(rows) == 12
    first = rows[0]
    assert (first["model"], first["seed"], first["n_unparsed"], first["key"]) == ("a", "0", "0", "pond-a--0")
    assert int(first["n_wins"]) + int(first["n_losses"]) == 120 and first["n_instructions"] == "40"


def test_the_page_says_whom_to_trust_how_far() -> None:
    page = markdown_page(BOARD)
    assert "## The pond, judged by crowd" in page and "40 instructions; the reference is expert." in page
    assert page.count("How far to trust this order, held against the same outputs judged by crowd: Spearman 1.00") == 1


def test_label_free_rows_are_marked_and_unranked() -> None:
    free = [replace(e, is_label_free=e.name == "a") for e in DATA.entries]
    board = build_board(replace(DATA, entries=free), SETTINGS, Path())
    assert [line.split("|")[1:3] for line in lines_of(board)[:2]] == [[" - ", " a * "], [" 1 ", " b "]]


def test_warnings_stand_once() -> None:
    noted = [
        replace(e, notes=("9 of 9 outputs are cut",)) if e.seed == 1 and e.name == "b" else e for e in DATA.entries
    ]
    page = markdown_page(build_board(replace(DATA, entries=noted), SETTINGS, Path()))
    assert page.count("- b: seed 1: 9 of 9 outputs are cut\n") == 1


def test_the_terminal_is_short() -> None:
    many = made({entry(f"m{k:02}"): drawn(0.5, 20, k) for k in range(30)})
    lines = short_ranking(build_board(many, SETTINGS, Path()))
    assert len(lines) <= 10 and "30 models" in lines[0] and "±" in lines[1]
    assert any("Spearman" in line for line in short_ranking(replace(BOARD, tables=BOARD.tables[1:])))


def test_a_strange_name_forges_nothing() -> None:
    data = made({entry("<b>|x|\n# y"): ["W", "L"]}, tracks=[replace(POND, title="# <i>")])
    page = markdown_page(build_board(data, SETTINGS, Path()))
    assert "<b>" not in page and "\n# y" not in page and "<i>" not in page


def test_floats_are_written_in_full() -> None:
    rows = parsed(standings_csv(build_board(made({entry("a"): ["W", "L", "L"]}), SETTINGS, Path())))
    assert float(rows[0]["win_rate"]) == 1 / 3


@pytest.mark.parametrize("board", [Board(tables=())])
def test_nothing_is_shown_of_nothing(board: Board) -> None:
    assert short_ranking(board) == [] and lines_of(board) == []


def test_the_published_human_table() -> None:
    rows = parsed((ROOT / "leaderboard" / "human" / "alpacafarm_table2.csv").read_text())
    assert len(rows) == 12
    ppo = next(row for row in rows if row["method"] == "PPO")
    assert (ppo["simulated_win_rate"], ppo["human_win_rate"], ppo["human_standard_error"]) == ("46.8", "55.1", "1.7")
    assert sum(row["human_win_rate"] == "" for row in rows) == 2
    assert sum(row["is_trained_in_sandbox"] == "False" for row in rows) == 4
    assert all("2305.14387v1, Table 2" in row["source"] for row in rows)
