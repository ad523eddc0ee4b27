"""The table of a sweep that has one arm only."""

import pandas as pd
import pytest

from farm.analysis.sweep.report import all_judges_section
from farm.reports.page import Table
from tests.analysis.sweep.verdict_maker import run


def test_every_method_stands_with_every_judge_best_first() -> None:
    verdicts = pd.concat(
        [
            run(method, rate, train="crowd", judge=judge, seed=seed, unparsed=5)
            for method, rate in (("weak", 0.2), ("strong", 0.6))
            for judge in ("crowd", "pool")
            for seed in (0, 1)
        ]
    )
    (table,) = [block for block in all_judges_section(verdicts).blocks if isinstance(block, Table)]
    assert table.header[:4] == ("method", "labels", "judged by crowd", "judged by pool")
    assert [row[0] for row in table.rows] == ["strong", "weak"]
    of_strong = verdicts[(verdicts["method"] == "strong") & (verdicts["annotator_eval"] == "crowd")]
    assert float(table.rows[0][2].split()[0]) == pytest.approx(100 * of_strong["score"].mean(), abs=0.1)
    # Two seeds of 200 instructions, five of each without a verdict.
    assert table.rows[0][4:7] == ("0, 1", "390", "10")
