"""Ratings beside a pair, under whatever names and in whatever order: equal ones are a tie, others are kept."""

import numpy as np
import pytest

from farm.data.files.rows import Row
from farm.data.layouts.pairs import chosen_pair
from tests.data.layouts.one_pair import ASKED, TEXTS


@pytest.mark.parametrize(
    ("chosen", "rejected"),
    [
        ("chosen_avg_rating", "rejected_avg_rating"), ("chosen-avg-rating", "rejected-avg-rating"),
        ("reward_chosen", "reward_rejected"), ("chosen_reward", "rejected_reward"), ("chosenRating", "rejectedRating"),
        ("gpt4_score_of_chosen", "gpt4_score_of_rejected"), ("ChosenScore", "RejectedScore"),
        ("RM_SCORE_CHOSEN", "RM_SCORE_REJECTED"), ("avg.chosen", "avg.rejected"),
        ("chosen_rating", "rejected_rating"), ("score_chosen", "score_rejected"),
    ],
)  # fmt: skip
def test_two_columns_that_differ_in_chosen_and_rejected_rate_the_pair(chosen: str, rejected: str) -> None:
    row: Row = {"prompt": ASKED, **TEXTS, chosen: 4.5, rejected: "4.5"}
    pair = chosen_pair(row)
    assert pair.is_tie and pair.chosen.rating == pair.rejected.rating == 4.5
    pair = chosen_pair({**row, rejected: 2})
    assert not pair.is_tie and (pair.chosen.rating, pair.rejected.rating) == (4.5, 2)


@pytest.mark.parametrize(
    "beside",
    [
        {"chosen_score_std": 1, "rejected_score_std": 1}, {"n_ratings_chosen": 3, "n_ratings_rejected": 3},
        {"chosen_avg_rating": 4, "rejected_avg_rating": None}, {"chosen_length": 9, "rejected_length": 9},
        {"chosen_reward": True, "rejected_reward": True}, {"chosen_avg": "nan", "rejected_avg": "nan"},
        {"chosen_rating_text": "good", "rejected_rating_text": "good"}, {"rating": [5, 4]}, {"rating": [5, 5, 5]},
        {"rating": [5, None]}, {"rating": 5}, {"rating": "[5"},
        {"reward_chosen": 10**400, "reward_rejected": 10**400}, {"status": "unchanged"}, {"status": None},
    ],
)  # fmt: skip
def test_what_is_no_rating_of_both_answers_makes_no_tie(beside: Row) -> None:
    pair = chosen_pair({"prompt": ASKED, **TEXTS, **beside})
    assert not pair.is_tie and pair.chosen.rating is None


def test_of_ratings_by_aspects_the_mean_counts_unless_there_is_one_of_the_whole() -> None:
    aspects: Row = {
        "chosen_clear_score": 5, "rejected_clear_score": 5, "chosen_true_score": 4, "rejected_true_score": 1,
    }  # fmt: skip
    pair = chosen_pair({"prompt": ASKED, **TEXTS, **aspects})
    assert (pair.chosen.rating, pair.rejected.rating) == (4.5, 3)  # (5 + 4) / 2, (5 + 1) / 2
    pair = chosen_pair({"prompt": ASKED, **TEXTS, **aspects, "reward_chosen": 0.5, "reward_rejected": 0.5})
    assert pair.is_tie and pair.chosen.rating == 0.5


@pytest.mark.parametrize("ratings", [[9.0, 9.0], np.array([9.0, 9.0]), "[9.0, 9]"])
def test_a_list_of_two_equal_ratings_is_a_tie(ratings: object) -> None:
    pair = chosen_pair({"prompt": ASKED, **TEXTS, "rating": ratings, "chosen_score": 9.0})
    assert pair.is_tie and pair.rejected.rating == 9


def test_a_list_of_ratings_is_in_the_order_that_the_row_gives() -> None:
    row: Row = {"prompt": ASKED, **TEXTS, "rating": [7, 9], "order": ["rejected", "chosen"]}
    pair = chosen_pair(row)
    assert (pair.chosen.rating, pair.rejected.rating) == (9, 7)
    pair = chosen_pair({**row, "order": ["chosen", "rejected"]})
    assert (pair.chosen.rating, pair.rejected.rating) == (7, 9)


def test_a_row_that_calls_itself_a_tie_is_one() -> None:
    pair = chosen_pair({"prompt": ASKED, **TEXTS, "status": " Tie", "chosen_score": 9.0})
    assert pair.is_tie and not pair.is_rated_equal
