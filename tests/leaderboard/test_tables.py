import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from farm.errors import UserError
from farm.leaderboard.rows import average_over_seeds
from farm.leaderboard.tables import check, render, write
from farm.records import Standing
from tests.paths import ROOT

BASE = Standing(
    method="dpo",
    annotator_train="crowd",
    annotator_eval="crowd",
    seed=0,
    dataset="pocket",
    model="base",
    win_rate=0.3,
    standard_error=0.02,
    n_wins=30,
    n_ties=0,
    n_total=100,
    n_unparsed=1,
    n_instructions=100,
    mean_length=80.0,
    utility=5.0,
)
STANDINGS = [
    BASE,
    replace(BASE, seed=1, win_rate=0.4, mean_length=90.0, utility=6.0),
    replace(BASE, method="longest", win_rate=0.35),
    replace(BASE, annotator_eval="pool", win_rate=1 / 3),
]


def parsed(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_seeds_are_averaged_by_hand() -> None:
    errors = {("pocket", "base", "crowd", "dpo", "crowd"): 0.031}
    first, second = average_over_seeds(STANDINGS[:3], label_free=["longest"], errors=errors)
    # Equal rates of .35: alphabetical.
    assert (first.method, first.n_seeds, first.n_total, first.n_unparsed) == ("dpo", 2, 200, 2)
    assert first.win_rate == pytest.approx(0.35)
    assert first.standard_error == 0.031
    assert (first.mean_length, first.utility) == (85.0, 5.5)
    assert second.is_label_free and not first.is_label_free


def test_one_seed_keeps_its_own_error() -> None:
    (row,) = average_over_seeds([BASE], label_free=[], errors={})
    assert row.standard_error == 0.02


def test_the_error_of_several_seeds_is_not_made_up() -> None:
    (row,) = average_over_seeds(STANDINGS[:2], label_free=[], errors={})
    assert row.win_rate == pytest.approx(0.35) and row.standard_error is None


def test_a_seed_without_a_rate_leaves_no_average() -> None:
    (row,) = average_over_seeds(
        [BASE, replace(BASE, seed=1, win_rate=None, standard_error=None)], label_free=[], errors={}
    )
    assert row.win_rate is None and row.standard_error is None


def test_the_order_of_standings_does_not_change_a_byte() -> None:
    assert render(STANDINGS, label_free=["longest"]) == render(STANDINGS[::-1], label_free=["longest"])


def test_floats_are_written_in_full() -> None:
    files = render(STANDINGS, label_free=["longest"])
    (pool,) = [row for row in parsed(files["seeds.csv"]) if row["annotator_eval"] == "pool"]
    assert float(pool["win_rate"]) == 1 / 3
    assert len(parsed(files["seeds.csv"])) == 4 and len(parsed(files["standings.csv"])) == 3


def test_the_page_marks_label_free_rows_and_sorts_by_win_rate() -> None:
    standings = [*STANDINGS, replace(BASE, method="ppo", win_rate=0.9)]
    errors = {("pocket", "base", "crowd", "dpo", "crowd"): 0.054}
    page = render(standings, label_free=["longest"], errors=errors)["README.md"]
    lines = [line for line in page.splitlines() if line.startswith("| ") and "method" not in line]
    assert [line.split("|")[1].strip() for line in lines] == ["ppo", "dpo", "longest *", "dpo"]
    assert "35.0 +- 5.4" in lines[1]


def test_names_cannot_forge_the_page() -> None:
    page = render([replace(BASE, method="<b>|x|\n# y")], label_free=[])["README.md"]
    assert "<b>" not in page and "\n# y" not in page


def test_a_leaderboard_is_what_the_standings_say(tmp_path: Path) -> None:
    files = render(STANDINGS, label_free=["longest"])
    write(files, tmp_path)
    assert check(tmp_path, files) == ""


def test_check_shows_what_differs(tmp_path: Path) -> None:
    files = render(STANDINGS, label_free=["longest"])
    write(files, tmp_path)
    path = tmp_path / "standings.csv"
    path.write_text(path.read_text().replace("0.35", "0.36"))
    (tmp_path / "seeds.csv").unlink()
    (tmp_path / "old.csv").touch()
    (tmp_path / "human").mkdir()
    (tmp_path / "human" / "published.csv").touch()
    found = check(tmp_path, files)
    assert any(line.startswith("-") and "0.36" in line for line in found.splitlines())
    assert any(line.startswith("+") and "0.35" in line for line in found.splitlines())
    assert "seeds.csv: missing" in found
    assert "old.csv: not made from the artifacts" in found and "published.csv" not in found


def test_two_standings_for_one_row_are_refused() -> None:
    with pytest.raises(UserError, match="two standings for the same row"):
        render([BASE, BASE], label_free=[])


def test_the_published_human_table() -> None:
    rows = parsed((ROOT / "leaderboard" / "human" / "alpacafarm_table2.csv").read_text())
    assert len(rows) == 12
    ppo = next(row for row in rows if row["method"] == "PPO")
    assert (ppo["simulated_win_rate"], ppo["human_win_rate"], ppo["human_standard_error"]) == ("46.8", "55.1", "1.7")
    assert sum(row["human_win_rate"] == "" for row in rows) == 2
    assert sum(row["is_trained_in_sandbox"] == "False" for row in rows) == 4
    assert all("2305.14387v1, Table 2" in row["source"] for row in rows)
