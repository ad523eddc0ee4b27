"""Verdicts on fresh answers: which of them make pairs, and who wins a knockout."""

from collections.abc import Sequence

import pytest

from farm.methods.online.fresh_labels import best_by_knockout, knockout_rounds, pairs_of
from farm.records import Comparison, Output, Preference, PreferencePair
from tests.methods.scripted_labels import LongerWins


def answers(*texts: str) -> list[Output]:
    return [Output(instruction="Name.", output=text, generator="policy", is_finished=text != "cut") for text in texts]


def test_pairs_are_those_with_an_order() -> None:
    rows = [answers("cut", "longer"), answers("same", "same"), answers("the longest", "cut")]
    assert pairs_of(LongerWins(budget=3), rows, 0) == [
        PreferencePair(instruction="Name.", chosen="longer", rejected="cut", rejected_is_finished=False),
        PreferencePair(instruction="Name.", chosen="the longest", rejected="cut", rejected_is_finished=False),
    ]


def test_equal_answers_make_no_pair_whatever_the_verdict() -> None:
    class FirstWins(LongerWins):
        def label(self, comparisons: Sequence[Comparison], request: int) -> list[Preference | None]:  # noqa: ARG002
            return [Preference.FIRST] * len(comparisons)

    rows = [answers("same", "same"), answers("one", "other"), answers("cut", "cut")]
    assert [pair.chosen for pair in pairs_of(FirstWins(budget=3), rows, 0)] == ["one"]


@pytest.mark.parametrize(("n", "requests"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (8, 3)])
def test_a_knockout_finds_the_best_with_n_minus_one_labels(n: int, requests: int) -> None:
    labels = LongerWins(budget=100)
    rows = [answers(*["x" * ((7 * i + 3) % n + 1) for i in range(n)]), answers(*["y"] * n)]
    assert knockout_rounds(n) == requests
    winners = best_by_knockout(labels, rows, 5)
    assert winners[0].output == "x" * n
    assert winners[1] == rows[1][0]  # of equals the first
    assert list(labels.requests) == list(range(5, 5 + requests))
    assert sum(map(len, labels.requests.values())) == 2 * (n - 1)
