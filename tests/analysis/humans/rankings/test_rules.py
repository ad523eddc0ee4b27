"""How several labels of one item count: consensus, votes, first labels."""

from pathlib import Path

import pandas as pd
import pytest

import farm
from farm.analysis.humans.label_statistics import label_statistics
from farm.analysis.humans.rankings.labels import ranking_of_labels
from farm.analysis.humans.rankings.source_ranking import SourceRanking
from farm.labels.annotation_row import annotation_frame
from farm.labels.matched import match_labels
from farm.stats.bootstrap import Resampling
from farm.stats.ranking.label_rules import LabelRule
from tests.labels.label_rows import row

RESAMPLING = Resampling(seed=0, n_resamples=200)
FEW = {"n_resamples": 20}


def labels(said: list[tuple[str, str, str, str]]) -> pd.DataFrame:
    """Item, annotator, the two models as "a b", and the labels 1, t (tie), 2 or a number."""
    return annotation_frame(
        row(item, name, 1.5 if label == "t" else float(label), tuple(pair.split()))  # type: ignore[arg-type]
        for item, name, pair, label in said
    ).assign(annotator_kind="human")


# a beats b with five of five labels on one item; b beats a with two of three on two items each.
SPLIT = labels(
    [("1", f"w{k}", "a b", "1") for k in range(5)]
    + [(item, f"w{k}", "a b", label) for item in ("2", "3") for k, label in enumerate("221")]
)


def ranked(frame: pd.DataFrame, rule: LabelRule) -> SourceRanking:
    return ranking_of_labels(
        match_labels(frame, None), "humans", "x", rule=rule, tie_model="half_wins", resampling=RESAMPLING
    )


def rates(found: SourceRanking) -> dict[str, float | None]:
    return {model.model: model.win_rate for model in found.models}


def test_each_rule_counts_what_it_says() -> None:
    # Consensus: 1 of 3 items. Votes: 5 + 1 + 1 of 11 labels. First labels: item 1, then two losses.
    expected = {"consensus": (1 / 3, 3), "votes": (7 / 11, 11), "first_label": (1 / 3, 3)}
    for rule, (rate, n) in expected.items():
        found = ranked(SPLIT, rule)  # type: ignore[arg-type]
        assert rates(found)["a"] == pytest.approx(rate) and rates(found)["b"] == pytest.approx(1 - rate)
        assert [model.n_total for model in found.models] == [n, n]
        assert found.by_rule["votes"][0].win_rate == pytest.approx(7 / 11), "the other rules stand beside it"


def test_the_error_of_votes_is_over_instructions_as_a_cluster_robust_regression_gives_it() -> None:
    # Weighted mean over clusters: n / (n - 1) times the sum of the squared residual sums, over the labels squared.
    error = ranked(SPLIT, "votes").models[0].standard_error
    residuals = [5 * (1 - 7 / 11), 1 - 3 * 7 / 11, 1 - 3 * 7 / 11]
    assert error == pytest.approx((3 / 2 * sum(r**2 for r in residuals)) ** 0.5 / 11)


def test_the_interval_of_votes_covers_annotators_and_instructions() -> None:
    found = ranked(SPLIT, "votes")
    model = found.models[0]
    assert found.n_drawn_annotators == 5
    assert model.low is not None and model.high is not None and model.low < 0.45 and model.high > 0.8


def test_without_repeated_labels_votes_are_the_consensus() -> None:
    once = SPLIT.drop_duplicates("item_id")
    by_votes, by_consensus = ranked(once, "votes"), ranked(once, "consensus")
    assert [(m.win_rate, m.standard_error) for m in by_votes.models] == [
        (m.win_rate, m.standard_error) for m in by_consensus.models
    ]
    assert by_votes.by_rule == {}


def test_the_first_label_is_the_earliest_where_times_are_known() -> None:
    frame = labels([("1", "w1", "a b", "2"), ("1", "w2", "a b", "1")])
    assert rates(ranked(frame, "first_label"))["a"] == 0
    timed = frame.assign(labelled_at=["2024-02-02", "2024-01-01"])
    assert rates(ranked(timed, "first_label"))["a"] == 1


def test_the_report_says_when_rules_order_models_differently() -> None:
    text = farm.compare(SPLIT, report=FEW, rule="votes").text
    assert "humans: ranked by votes (rule=votes). The order is a > b." in text
    assert "By consensus (rule=consensus): another order, b > a." in text
    assert "n: labels, of which all count" in text
    same = farm.compare(SPLIT[SPLIT["item_id"] == "1"], report=FEW).text
    assert "By votes (rule=votes): the same order of the models." in same


def test_the_rule_in_use_is_the_sources_own(tmp_path: Path) -> None:
    votes = [
        {"question_id": 81, "turn": 1, "model_a": "a", "model_b": "b", "judge": f"expert_{k}", "winner": winner}
        for k, winner in enumerate(["model_a", "model_a", "model_b", "tie"])
    ]
    pd.DataFrame(votes).to_json(tmp_path / "human.jsonl", orient="records", lines=True)
    found = farm.compare(tmp_path / "human.jsonl", report=FEW).details.humans
    assert found is not None and found.rule == "votes" and rates(found)["a"] == pytest.approx(2.5 / 4)
    assert farm.rank(tmp_path / "human.jsonl", report=FEW).to_frame()["n_total"].tolist() == [4, 4]
    assert farm.rank(tmp_path / "human.jsonl", report=FEW, rule="consensus").to_frame()["n_total"].tolist() == [1, 1]
    assert farm.compare(SPLIT, report=FEW).details.humans.rule == "consensus"  # type: ignore[union-attr]


def test_a_model_judged_by_another_version_of_the_judge_has_an_interval_like_the_others() -> None:
    rows = [
        row(f"{model}{k}", "judge-v2" if model == "new" else "judge", 1.0 + (k % n == 0), ("reference", model))
        for model, n in (("m1", 2), ("m2", 3), ("m3", 4), ("new", 5))
        for k in range(20)
    ]
    labels_ = match_labels(None, annotation_frame(rows))
    found = ranking_of_labels(labels_, "simulated", "x", rule="consensus", tie_model="half_wins", resampling=RESAMPLING)
    assert [model.model for model in found.models] == ["m1", "m2", "m3", "new"]
    for model in found.models:
        assert model.low is not None and model.high is not None and 0 < model.high - model.low < 0.6
    assert found.n_drawn_annotators == 0
    assert found.notes == (
        "simulated: 2 of 2 annotators judged models that nobody else judged; they are in every resample, and intervals "
        "say nothing about other annotators of these models",
    )


def test_five_grades_are_counted_by_pair_and_of_first_labels_alone_where_these_count() -> None:
    frame = labels(
        [("1", "w1", "b a", "1"), ("1", "w2", "b a", "1.25"), ("2", "w1", "a b", "1.75"), ("3", "w2", "b a", "t")]
    )
    for first_only, counts in ((False, (0, 0, 1, 2, 1)), (True, (0, 0, 1, 1, 1))):
        found = label_statistics(frame, has_first_labels_only=first_only, resampling=RESAMPLING)
        (pair,) = found.grades
        assert (pair.model, pair.other, pair.counts) == ("a", "b", counts)
        assert found.ties.n_total == sum(counts)
        assert found.relaxed_agreement.n_total == 1, "the first two labels of an item are compared"
    assert label_statistics(SPLIT, has_first_labels_only=False, resampling=RESAMPLING).grades == ()
