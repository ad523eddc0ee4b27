from dataclasses import replace

import pytest

from farm.leaderboard.repeats import repeat_variances, row_variances, standing_key
from farm.leaderboard.rows import average_over_seeds
from farm.leaderboard.tables import render
from farm.pipeline.results import MeasuredRun, RunCost
from farm.records import Outcome
from farm.store.cost import Cost
from tests.leaderboard.test_tables import BASE, parsed


def outcome(n_wins: int, n_ties: int, n_losses: int, *, annotator_eval: str = "crowd") -> Outcome:
    return Outcome(
        instruction_key="k",
        annotator_eval=annotator_eval,
        score=None,
        n_wins=n_wins,
        n_ties=n_ties,
        n_losses=n_losses,
        n_unparsed=0,
        length=1,
        utility=None,
    )


def test_the_variance_of_a_standing_is_that_of_its_own_annotators_labels() -> None:
    # Labels 1, 1, 0: variance 1/3; labels 1, 1, 1: 0. Mean 1/6, six labels: 1/36.
    run = MeasuredRun(
        standings=[BASE, replace(BASE, annotator_eval="pool")],
        outcomes=[outcome(2, 0, 1), outcome(3, 0, 0), outcome(1, 0, 0, annotator_eval="pool")],
        points=(),
        cost=RunCost(method="m", annotator_train="crowd", seed=0, training=Cost(), answering=Cost(), n_answers=1),
        policy="key",
        made_from=frozenset(),
        agreement=None,
        best_of_n=(),
    )
    # The pool gave one label each: nothing says what it would say again.
    assert repeat_variances([run]) == {standing_key(BASE): pytest.approx(1 / 36)}


def test_seeds_average_out() -> None:
    standings = [BASE, replace(BASE, seed=1)]
    rows = average_over_seeds(standings, label_free=[], errors={})
    known = {standing_key(s): 0.0004 for s in standings}
    assert row_variances(rows, standings, known) == [pytest.approx(0.0002)]
    assert row_variances(rows, standings, {standing_key(BASE): 0.0004}) == [None]


def test_the_page_marks_gaps_that_judging_again_could_turn_round() -> None:
    # Gaps of 1, 4 and 1 points; a gap's deviation is sqrt(2) = 1.4 points. The pool's table stands alone.
    standings = [
        replace(BASE, method="a", win_rate=0.50),
        replace(BASE, method="b", win_rate=0.49),
        replace(BASE, method="c", win_rate=0.45),
        replace(BASE, method="d", win_rate=0.44),
        replace(BASE, method="e", win_rate=0.44, annotator_eval="pool"),
    ]
    files = render(standings, label_free=[], repeats={standing_key(s): 0.0001 for s in standings})
    lines = [line for line in files["README.md"].splitlines() if line.startswith("| ") and "method" not in line]
    assert [" ~ |" in line for line in lines] == [True, False, True, False, False]
    assert all("| 1.0 |" in line for line in lines)
    marks = [row["is_gap_to_next_within_repeats"] for row in parsed(files["repeats.csv"])]
    assert marks == ["True", "False", "True", "False", "False"]


def test_a_strange_name_is_shown_as_it_is() -> None:
    page = render([replace(BASE, method="a|b & <c>_d")], label_free=[])["README.md"]
    assert "| a&#124;b &#38; &#60;c&#62;\\_d |" in page


def test_without_repeats_nothing_is_marked() -> None:
    files = render([BASE, replace(BASE, method="b")], label_free=[])
    assert " ~ |" not in files["README.md"]
    assert [row["repeat_sd"] for row in parsed(files["repeats.csv"])] == ["", ""]
