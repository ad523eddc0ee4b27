"""What is exported and evaluated again has the figures that it had."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from farm.leaderboard.collection.everything import collect
from farm.store.artifacts import Store
from tests.commands.run_farm import farm
from tests.leaderboard.made_root import add_run

N = 60
REFERENCE = {f"Name bird {k}.": "A duck" + " and a duck" * (k % 7) + "." for k in range(N)}


@pytest.mark.parametrize("n_labels", [1, 2])
def test_export_then_evaluate_gives_the_same_figures(n_labels: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(n_labels)
    store = Store(tmp_path / "root")
    for method, letters in (("ppo", "WWWTL"), ("dpo", "WLLT-")):
        said = ["".join(rng.choice(list(letters), size=n_labels)) for _ in range(N)]
        answers = ["An owl" + " or an owl" * int(rng.integers(9)) + "." for _ in range(N)]
        add_run(store, method, {"crowd": said}, answers=answers, reference=REFERENCE)
    out = tmp_path / "out"
    done = farm("export", "format=alpaca_eval", f"output={out}", f"root={tmp_path / 'root'}")
    assert done.returncode == 0, done.stderr
    done = farm(
        "evaluate", f"annotations={out / 'pond' / 'results'}", "track=own", f"output={tmp_path / 'again'}", "root=null"
    )
    assert done.returncode == 0, done.stderr
    again = json.loads((tmp_path / "again" / "evaluation.json").read_text())["models"]
    board = {row[""]: row for row in csv.DictReader((out / "pond/leaderboards/crowd_leaderboard.csv").open())}
    read = collect(Store(tmp_path / "root", is_read_only=True))
    for entry in read.entries:
        model = f"{entry.name}-crowd-seed0"
        scores = read.verdicts[read.verdicts["key"] == entry.key]["score"]
        figures = again[model]
        assert figures["win_rate"] == pytest.approx(scores.mean(), abs=1e-12)
        assert figures["standard_error"] == pytest.approx(scores.sem(), abs=1e-12)  # pandas' own
        assert figures["n_unparsed"] == scores.isna().sum() and figures["reference"] == "expert"
        row = board[model]
        assert float(row["win_rate"]) == pytest.approx(100 * figures["win_rate"])
        assert float(row["standard_error"]) == pytest.approx(100 * figures["standard_error"])
        assert int(row["n_total"]) == figures["n_total"] == N - figures["n_unparsed"]
        assert (int(row["n_wins"]), int(row["n_draws"])) == (figures["n_wins"], figures["n_ties"])
        assert float(row["length_controlled_winrate"]) == pytest.approx(100 * figures["length_controlled_win_rate"])
