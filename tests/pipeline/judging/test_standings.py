"""Outcomes and standings, worked by hand."""

from dataclasses import replace
from pathlib import Path

import pytest

from farm.annotators.annotator import SimulatedAnnotator
from farm.judges.baselines import BaselineJudge
from farm.judges.judge import FixedPanel
from farm.pipeline.judging.standings import (
    RunIdentity,
    comparisons_with_reference,
    counts_grades,
    outcomes_of,
    standing_of,
)
from farm.records import Annotation, Output, Preference
from tests.judges.evaluators import LOGPROB, panel_of, write_evaluator

FIRST, SECOND, TIE = Preference.FIRST, Preference.SECOND, Preference.TIE
OUTPUTS = [Output(instruction=f"q{i}", output="x" * (i + 1), generator="policy") for i in range(3)]
IDENTITY = RunIdentity(method="ppo", annotator_train="pool", seed=1, dataset="toy", model="tiny")


def label(preference: Preference | None) -> Annotation:
    return Annotation(
        comparison_key="k", annotator="crowd", judge="j", first_shown=1, clean_preference=preference,
        preference=preference, is_noised=False, p_first=None, raw_reply="", unparsed_reason="",
        cost_usd=0.0,
    )  # fmt: skip


def test_a_standing_by_hand() -> None:
    # Labels per output: (win, win), (loss, tie), (unparsed, win). Scores: 1, 1/4, 1.
    labels = [[label(SECOND), label(FIRST), label(None)], [label(SECOND), label(TIE), label(SECOND)]]
    outcomes = outcomes_of("crowd", OUTPUTS, labels, [1.0, 2.0, 6.0])
    assert [o.score for o in outcomes] == [1.0, 0.25, 1.0]
    row = standing_of(IDENTITY, outcomes)
    assert row.win_rate == pytest.approx(0.75)
    # Deviations .25, -.5, .25: variance (1/16 + 1/4 + 1/16) / 2 = 3/16; standard error sqrt(3/16 / 3) = 1/4.
    assert row.standard_error == pytest.approx(0.25)
    assert (row.n_wins, row.n_ties, row.n_total, row.n_unparsed, row.n_instructions) == (3, 1, 5, 1, 3)
    assert (row.mean_length, row.utility) == (2.0, 3.0)


def test_nothing_parsed_is_missing_and_not_zero() -> None:
    row = standing_of(IDENTITY, outcomes_of("crowd", OUTPUTS, [[label(None)] * 3], None))
    assert (row.win_rate, row.standard_error, row.utility) == (None, None, None)
    assert (row.n_total, row.n_unparsed) == (0, 3)


def test_outputs_must_answer_the_references_instructions() -> None:
    reference = [replace(o, generator="reference", output="ref") for o in OUTPUTS]
    assert [c.output_1 for c in comparisons_with_reference(reference, OUTPUTS)] == ["ref"] * 3
    with pytest.raises(ValueError, match="same instructions"):
        comparisons_with_reference(reference, OUTPUTS[::-1])


def test_a_weighted_evaluators_probability_is_the_score() -> None:
    # p_first .75 and .4 give the policy, whose output is the second, .25 and .6; (.25 + .6) / 2 = .425.
    labels = [[replace(label(FIRST), p_first=0.75), replace(label(SECOND), p_first=0.4), label(None)]]
    graded = outcomes_of("weighted", OUTPUTS, labels, None, is_graded=True)
    assert [o.score for o in graded] == [pytest.approx(0.25), pytest.approx(0.6), None]
    assert standing_of(IDENTITY, graded).win_rate == pytest.approx(0.425)
    # The classes are counted all the same, and decide where nobody is weighted.
    assert [(o.n_wins, o.n_losses, o.n_unparsed) for o in graded] == [(0, 1, 0), (1, 0, 0), (0, 0, 1)]
    assert [o.score for o in outcomes_of("hard", OUTPUTS, labels, None)] == [0.0, 1.0, None]


@pytest.mark.parametrize(
    ("settings", "is_weighted"),
    [
        ({}, False),
        ({"fn_completion_parser": "logprob_parser", "completion_parser_kwargs": LOGPROB}, True),
        (
            {
                "fn_completion_parser": "logprob_parser",
                "completion_parser_kwargs": {**LOGPROB, "is_binarize": True},
            },
            False,
        ),
    ],
)
def test_only_alpaca_evals_weighted_evaluators_count_by_their_grades(
    tmp_path: Path, settings: dict[str, object], is_weighted: bool
) -> None:
    panel = panel_of(write_evaluator(tmp_path / "mine", **settings))
    assert counts_grades(SimulatedAnnotator(name="e", arm="e", panel=panel, noise=())) == is_weighted
    longest = FixedPanel(judges=(BaselineJudge(name="longest", rule="longest"),))
    assert not counts_grades(SimulatedAnnotator(name="l", arm="l", panel=longest, noise=()))
