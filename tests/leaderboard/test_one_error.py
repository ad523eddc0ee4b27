"""One number, one error: a method's win rate stands with the same standard error wherever it is printed."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from farm.analysis.sweep.answer import answer
from farm.analysis.sweep.result import SweepResult, sweep_result
from farm.analysis.sweep.sweep_report import write_report
from farm.leaderboard.repeats import repeat_variances
from farm.leaderboard.rows import row_errors
from farm.leaderboard.tables import render
from farm.pipeline.results import MeasuredRun
from tests.analysis.sweep.test_answer import RATES, SETTINGS, measured
from tests.leaderboard.test_tables import parsed


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
    files = render(
        [standing for run in runs for standing in run.standings],
        label_free=[],
        errors=row_errors(runs),
        repeats=repeat_variances(runs),
    )
    write_report(result, tmp_path, measured={})
    report = (tmp_path / "report.md").read_text()
    written = json.loads((tmp_path / "comparison.json").read_text())
    in_json = {model["model"]: model for model in written["models"]}
    rows = {
        row["method"]: row
        for row in parsed(files["standings.csv"])
        if (row["annotator_eval"], row["annotator_train"]) == ("crowd", "crowd")
    }
    page = files["README.md"].split("judged by crowd")[1].split("##")[0]
    for method in RATES:
        expected = by_hand(runs, method)
        assert float(rows[method]["standard_error"]) == pytest.approx(expected, rel=1e-12)
        assert in_json[method]["human_standard_error"] == pytest.approx(expected, rel=1e-12)
        shown = f"{100 * float(rows[method]['win_rate']):.1f} +- {100 * expected:.1f}"
        name = method.replace("_", r"\_")
        assert re.search(rf"\| {re.escape(name)} \| crowd \| {re.escape(shown)}", page)
        assert re.search(rf"\| {method} +\| +{re.escape(shown)} ", report)
    errors = sorted(100 * by_hand(runs, method) for method in RATES)
    (line,) = [line for line in answer(result) if line.startswith("crowd labels:")]
    assert line.endswith(f"(each +- {errors[0]:.1f} to {errors[-1]:.1f})")
