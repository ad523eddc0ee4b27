"""Baseline judges do what their names say."""

from dataclasses import replace

from farm.calls.request import NO_CALLS
from farm.judges.baselines import BaselineJudge, BaselineRule
from farm.records import Comparison, Preference

LONGER_FIRST = Comparison(instruction="q", output_1="longer", output_2="short")
FIRST, SECOND, TIE = Preference.FIRST, Preference.SECOND, Preference.TIE


def verdict(rule: BaselineRule, comparison: Comparison, first_shown: int = 1) -> Preference | None:
    (found,) = BaselineJudge(name=rule, rule=rule).verdicts([comparison], [first_shown], seed=3, calls=NO_CALLS)
    return found.preference


def test_length_judges_count_characters_and_tie_on_equal_length() -> None:
    assert verdict("longest", LONGER_FIRST) is FIRST
    assert verdict("shortest", LONGER_FIRST) is SECOND
    assert verdict("longest", replace(LONGER_FIRST, output_2="equals")) is TIE


def test_position_judges_see_the_order_only() -> None:
    assert [verdict("first_shown", LONGER_FIRST, shown) for shown in (1, 2)] == [FIRST, SECOND]
    assert [verdict("constant", LONGER_FIRST, shown) for shown in (1, 2)] == [FIRST, FIRST]


def test_random_judge_is_fair_and_remembers() -> None:
    many = [replace(LONGER_FIRST, instruction=str(i)) for i in range(2000)]
    judge = BaselineJudge(name="random", rule="random")
    first = [v.preference for v in judge.verdicts(many, [1] * 2000, seed=0, calls=NO_CALLS)]
    assert first == [v.preference for v in judge.verdicts(many, [2] * 2000, seed=0, calls=NO_CALLS)]
    # Four standard errors of a fair coin: 4 * .5 / sqrt(2000) = .045.
    assert abs(first.count(FIRST) / 2000 - 0.5) < 0.045
