"""One number, one error: a method's win rate stands with the same standard error wherever it is printed."""

import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest

from farm.analysis.sweep.answer import answer
from farm.analysis.sweep.result import SweepResult, sweep_result
from farm.analysis.sweep.sweep_report import write_report
from farm.leaderboard.collection.everything import Collected, collected
from farm.leaderboard.entries import EntryVerdict
from farm.leaderboard.making.build import BoardSettings, build_board
from farm.leaderboard.pages.csv_tables import standings_csv
from farm.leaderboard.pages.markdown_page import markdown_page
from farm.leaderboard.verdict_table import verdict_table
from farm.pipeline.results import MeasuredRun
from farm.reports.markdown import escaped
from tests.analysis.sweep.test_answer import RATES, SETTINGS, measured
from tests.leaderboard.made_data import PLAIN, POND, entry


@pytest.fixture(scope="module", params=[1, 3])
def runs(request: pytest.FixtureRequest) -> list[MeasuredRun]:
    return [
        measured(method, rate, labels, seed)
        for labels in ("crowd", "pool")
        for method, rate in RATES.items()
        for seed in range(request.param)
    ]


def by_hand(runs: list[MeasuredRun], method: str) -> float:
    """Two-way clustering (Cameron, Gelbach and Miller 2011), written out cell by cell."""
    of_method = [run for run in runs if run.method == method and run.annotator_train == "crowd"]
    scores = np.array(
        [[o.score for o in run.outcomes if o.annotator_eval == "crowd"] for run in of_method], dtype=float
    )
    n_seeds, n_items = scores.shape
    cells = (scores - scores.mean()) / scores.size
    by_item = (cells.sum(axis=0) ** 2).sum() * n_items / (n_items - 1)
    if n_seeds == 1:
        return float(np.sqrt(by_item))
    by_seed = (cells.sum(axis=1) ** 2).sum() * n_seeds / (n_seeds - 1)
    by_cell = (cells**2).sum() * scores.size / (scores.size - 1)
    return float(np.sqrt(max(by_item, by_seed, by_item + by_seed - by_cell)))


def test_every_place_has_the_same_error(runs: list[MeasuredRun], tmp_path: Path) -> None:
    result: SweepResult = sweep_result(runs, SETTINGS)
    board = build_board(as_data(runs), BoardSettings(n_resamples=0, seed=0), tmp_path)
    page = markdown_page(board).split("judged by crowd")[1].split("##")[0]
    write_report(result, tmp_path, measured={})
    report = (tmp_path / "report.md").read_text()
    written = json.loads((tmp_path / "comparison.json").read_text())
    in_json = {model["model"]: model for model in written["models"]}
    rows = {
        row["model"]: row
        for row in csv.DictReader(io.StringIO(standings_csv(board)))
        if (row["annotator"], row["feedback"]) == ("crowd", "crowd")
    }
    for method in RATES:
        expected = by_hand(runs, method)
        assert float(rows[method]["standard_error"]) == pytest.approx(expected, rel=1e-12)
        assert in_json[method]["human_standard_error"] == pytest.approx(expected, rel=1e-12)
        rate = 100 * float(rows[method]["win_rate"])
        on_page = f"{rate:.1f} ± {100 * expected:.1f}"
        assert re.search(rf"\| {re.escape(escaped(method))} \| crowd \| {re.escape(on_page)}", page)
        assert re.search(rf"\| {method} +\| +{rate:.1f} \+- {100 * expected:.1f} ", report)
    errors = sorted(100 * by_hand(runs, method) for method in RATES)
    (line,) = [line for line in answer(result) if line.startswith("crowd labels:")]
    assert line.endswith(f"(each +- {errors[0]:.1f} to {errors[-1]:.1f})")


def as_data(runs: list[MeasuredRun]) -> Collected:
    """The runs' verdicts as a leaderboard has them."""
    entries, verdicts = [], []
    for run in runs:
        for standing in run.standings:
            of = entry(
                standing.method,
                annotator=standing.annotator_eval,
                seed=standing.seed,
                feedback=standing.annotator_train,
            )
            entries.append(of)
            verdicts += [
                EntryVerdict(
                    key=of.key, annotator=of.annotator, instruction_key=o.instruction_key, score=o.score,
                    n_wins=o.n_wins, n_ties=o.n_ties, n_losses=o.n_losses, n_unparsed=o.n_unparsed, is_graded=False,
                    style=PLAIN, reference_style=PLAIN,
                )
                for o in run.outcomes
                if o.annotator_eval == of.annotator
            ]  # fmt: skip
    return collected(entries, [verdict_table(verdicts)], {"pond": POND})
