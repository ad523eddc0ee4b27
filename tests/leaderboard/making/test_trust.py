"""A table held against another ranking of the same models."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from farm.errors import UserError
from farm.leaderboard.board import TrackTrust
from farm.leaderboard.collection.everything import Collected
from farm.leaderboard.making.advice import labels_that_settle, undecided_items
from farm.leaderboard.making.build import BoardSettings, build_board
from farm.stats.planning.model import Design, LabelSource, Question, closed_form_items
from farm.stats.ranking.draws.ranking import draws_of_win_rates
from tests.leaderboard.made_data import POND, drawn, entry, made

SETTINGS = BoardSettings(n_resamples=100, seed=0)
CROWD = {"a": 0.8, "b": 0.6, "c": 0.4, "d": 0.2}


def trust(data: Collected, annotator: str, folder: Path = Path(), track: str = "pond") -> tuple[TrackTrust, ...]:
    tables = build_board(data, SETTINGS, folder).tables
    return tuple(next(t for t in tables if (t.track, t.annotator) == (track, annotator)).trust)


def judged(pool: dict[str, float], compared_with: str = "annotator crowd") -> Collected:
    labels = {}
    for annotator, rates in (("crowd", CROWD), ("pool", pool)):
        for k, (name, rate) in enumerate(rates.items()):
            labels[entry(name, annotator=annotator)] = drawn(rate, 200, k)
    return made(labels, tracks=[replace(POND, compared_with=(compared_with,))])


def test_the_same_order_correlates_fully_and_the_truth_is_not_held_against_itself() -> None:
    data = judged(CROWD)
    (found,) = trust(data, "pool")
    assert (found.spearman.value, found.kendall.value) == (1.0, 1.0)
    assert found.r_squared.value == pytest.approx(1.0) and found.inversions == ()
    assert found.spearman.n_total == 4 and [p.name for p in found.points] == ["a", "b", "c", "d"]
    assert "judged by crowd" in found.source
    assert trust(data, "crowd") == ()


def test_a_pair_that_turns_round_beyond_noise_is_named() -> None:
    (found,) = trust(judged({**CROWD, "a": 0.4, "c": 0.8}), "pool")
    # Ranks 1 2 3 4 against 3 2 1 4: 1 - 6 * 8 / 60 = .2.
    assert found.spearman.value == pytest.approx(0.2)
    assert any(
        re.match(r"a over c by (3|4)\d\.\d points there, under it by (3|4)\d\.\d here", line)
        for line in found.inversions
    )
    assert len(found.inversions) == 3


def test_label_free_models_are_left_out() -> None:
    data = judged(CROWD)
    free = [replace(e, is_label_free=e.name == "a") for e in data.entries]
    (found,) = trust(replace(data, entries=free), "pool")
    assert [p.name for p in found.points] == ["b", "c", "d"]


def test_two_sets_of_instructions_are_compared_by_the_models_on_both() -> None:
    labels = {}
    for track, rates in (("pond", CROWD), ("lake", {**CROWD, "e": 0.5})):
        for k, (name, rate) in enumerate(rates.items()):
            labels[entry(name, track=track)] = drawn(rate, 100, k + len(track))
    lake = replace(POND, name="lake", title="The lake")
    data = made(labels, tracks=[replace(POND, compared_with=("track lake",)), lake])
    (found,) = trust(data, "crowd")
    assert found.spearman.value == 1.0 and len(found.points) == 4 and "lake" in found.source
    assert found.r_squared.value is not None and found.r_squared.value > 0.9


def test_published_figures_are_matched_by_name(tmp_path: Path) -> None:
    (tmp_path / "human").mkdir()
    rows = ["method,human_win_rate,human_standard_error,source", "a,75,1.5,Somebody 2023", "b,61,1.5,Somebody 2023"]
    rows += ["c,45,1.5,Somebody 2023", "GPT-4,90,1.5,Somebody 2023"]
    (tmp_path / "human" / "table.csv").write_text("\n".join(rows) + "\n")
    (found,) = trust(judged(CROWD, "standings human/table.csv"), "pool", tmp_path)
    assert (found.source, found.spearman.value, len(found.points)) == ("Somebody 2023", 1.0, 3)
    assert {p.name: p.there.value for p in found.points} == {"a": 0.75, "b": 0.61, "c": 0.45}


def test_a_published_table_that_is_not_there_is_said(tmp_path: Path) -> None:
    (found,) = trust(judged(CROWD, "standings human/table.csv"), "pool", tmp_path)
    assert found.spearman.value is None and "human/table.csv is not in the folder" in found.spearman.reason
    assert found.points == () and found.advice == ""


@pytest.mark.parametrize("named", ["people", "annotator", "standings ../x.csv", "standings /etc/passwd"])
def test_what_is_no_ranking_is_a_sentence(named: str) -> None:
    with pytest.raises(UserError, match="compared_with"):
        trust(judged(CROWD, named), "pool")


def test_too_few_models_in_common_say_why() -> None:
    data = made(
        {entry("a", annotator=judge): drawn(0.5, 50, 0) for judge in ("crowd", "pool")},
        tracks=[replace(POND, compared_with=("annotator crowd",))],
    )
    (found,) = trust(data, "pool")
    assert found.spearman.value is None and found.spearman.reason


def test_the_labels_that_settle_a_pair_are_those_of_the_plan() -> None:
    rng = np.random.default_rng(0)
    scores = [(rng.random(300) < 0.5).astype(float), (rng.random(300) < 0.46).astype(float)]
    rates = np.array([table.mean() for table in scores])
    assert rates[0] != rates[1]
    errors = np.full((2, 2), 0.2)
    draws = draws_of_win_rates(
        ("a", "b"), rates, np.tile(rates, (5, 1)), difference_errors=errors, exact_models=frozenset()
    )
    (needed,) = undecided_items(draws, scores)
    better, worse = sorted(rates)[::-1]
    covariance = float(np.cov(scores[0], scores[1])[0, 1])
    question = Question(
        difference=better - worse, win_rate=(better + worse) / 2, design="paired", criterion="beyond_noise",
        item_correlation=max(0.0, covariance / (worse - better * worse)), seed_sd=0.0,
    )  # fmt: skip
    source = LabelSource(
        flip_prob=0.0, shared_flip_prob=0.0, tie_prob=0.0, annotator_sd=0.0, bias_sd=0.0, n_annotators=(1,),
        usd_per_1000_labels=0.0, hours_per_1000_labels=0.0,
    )  # fmt: skip
    design = Design(n_seeds=1, n_annotators=1, n_items=1, labels_per_comparison=1)
    assert needed == pytest.approx(closed_form_items(question, source, design, 0.8), rel=1e-6)
    assert "1 of 1 pairs" in labels_that_settle(draws, scores)
    settled = replace(draws, difference_errors=np.full((2, 2), 1e-6))
    assert labels_that_settle(settled, scores) == ""
