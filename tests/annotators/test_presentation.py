"""Both orders, several samples, and what becomes of verdicts that disagree, worked by hand."""

import json
from itertools import product

import pytest

from farm.annotators.presentation import ConflictRule, Presentation, combined
from farm.records import Preference, Verdict

FIRST, SECOND, TIE = Preference.FIRST, Preference.SECOND, Preference.TIE


def rules(sample: ConflictRule = "average", order: ConflictRule = "average", n_samples: int = 1) -> Presentation:
    return Presentation(orders="both", n_samples=n_samples, sample_conflict=sample, order_conflict=order)


def said(preference: Preference | None, p_first: float | None = None, reason: str = "refused") -> Verdict:
    return Verdict(preference=preference, p_first=p_first, unparsed_reason="" if preference else reason)


def test_one_verdict_stays_as_it_is() -> None:
    verdict = Verdict(preference=SECOND, p_first=0.4, raw_reply="Output (b)", n_prompt_tokens=7, cost_usd=None)
    assert combined([[verdict]], rules("drop", "drop")) is verdict


@pytest.mark.parametrize(
    ("rule", "same", "opposite", "win_and_tie"),
    # MT-Bench's rule is `tie`: a win counts only if it is won in both orders.
    [("average", FIRST, TIE, FIRST), ("tie", FIRST, TIE, TIE), ("drop", FIRST, None, None)],
)
def test_two_orders(
    rule: ConflictRule, same: Preference, opposite: Preference | None, win_and_tie: Preference | None
) -> None:
    presentation = rules(order=rule)
    assert combined([[said(FIRST)], [said(FIRST)]], presentation).preference is same
    assert combined([[said(FIRST)], [said(SECOND)]], presentation).preference is opposite
    assert combined([[said(FIRST)], [said(TIE)]], presentation).preference is win_and_tie
    assert combined([[said(TIE)], [said(TIE)]], presentation).preference is TIE


def test_what_is_dropped_says_why() -> None:
    verdict = combined([[said(FIRST)], [said(SECOND)]], rules(order="drop"))
    assert (verdict.p_first, verdict.unparsed_reason) == (None, "the verdicts disagree (first 1, second 1)")


def test_soft_verdicts_are_averaged() -> None:
    # (0.9 + 0.3) / 2 = 0.6, though the hard verdicts are one each.
    verdict = combined([[said(FIRST, 0.9)], [said(SECOND, 0.3)]], rules())
    assert verdict.preference is FIRST
    assert verdict.p_first == pytest.approx(0.6)


def test_samples_are_averaged_within_their_order_first() -> None:
    # Shown first, output_1 wins 2 of 3; shown second, 0 of the one reply that could be read: (2/3 + 0) / 2 = 1/3.
    # All four together would say 1/2.
    by_order = [[said(FIRST), said(FIRST), said(SECOND)], [said(SECOND), said(None), said(None)]]
    verdict = combined(by_order, rules(n_samples=3))
    assert verdict.p_first == pytest.approx(1 / 3)
    assert verdict.preference is SECOND


def test_disagreeing_samples_by_their_own_rule() -> None:
    split = [[said(FIRST), said(FIRST), said(SECOND)], [said(FIRST)] * 3]
    assert combined(split, rules("average", "tie", 3)).preference is FIRST
    assert combined(split, rules("tie", "tie", 3)).preference is TIE
    assert combined(split, rules("drop", "average", 3)).preference is FIRST  # the other order's verdict stands
    assert combined(split, rules("drop", "drop", 3)).preference is None


def test_the_unparsed_are_neither_ties_nor_losses() -> None:
    assert combined([[said(FIRST)], [said(None)]], rules()).p_first == 1.0
    for rule in ("tie", "drop"):  # nobody knows whether the other order would have agreed
        verdict = combined([[said(FIRST)], [said(None)]], rules(order=rule))  # type: ignore[arg-type]
        assert verdict.preference is None
        assert verdict.unparsed_reason == "1 of 2 verdicts missing: refused"
    for rule in ("average", "tie", "drop"):
        verdict = combined([[said(None)], [said(None, reason="no verdict")]], rules(order=rule))  # type: ignore[arg-type]
        assert (verdict.preference, verdict.p_first, verdict.unparsed_reason) == (None, None, "refused; no verdict")


def test_a_verdict_that_rests_on_half_the_questions_waits_for_the_others() -> None:
    verdict = combined([[said(FIRST)], [said(None, reason="not asked: budget_calls=1 is spent")]], rules())
    assert (verdict.preference, verdict.p_first) == (None, None)
    assert verdict.unparsed_reason == "not asked: budget_calls=1 is spent"


def test_replies_are_listed_and_what_they_took_is_summed() -> None:
    first = Verdict(
        preference=FIRST, raw_reply="é (a)", n_prompt_tokens=10, n_cached_prompt_tokens=4, n_completion_tokens=2,
        cost_usd=0.5, latency_seconds=1.5,
    )  # fmt: skip
    verdict = combined([[first], [first._replace(raw_reply="(b)", cost_usd=0.25)]], rules())
    assert json.loads(verdict.raw_reply) == ["é (a)", "(b)"]
    assert verdict[4:9] == (20, 8, 4, 0.75, 3.0)
    assert combined([[first], [first._replace(cost_usd=None)]], rules()).cost_usd is None


def test_swapping_every_verdict_swaps_the_outcome() -> None:
    opinions = [said(FIRST, 0.9), said(SECOND, 0.1), said(FIRST, 0.7), said(SECOND, 0.3), said(TIE), said(None)]

    def swapped(verdict: Verdict) -> Verdict:
        p_first = None if verdict.p_first is None else 1.0 - verdict.p_first
        return verdict._replace(preference=verdict.preference and verdict.preference.swapped, p_first=p_first)

    for rule, one, two, three in product(("average", "tie", "drop"), opinions, opinions, opinions):
        presentation = rules(rule, rule, 2)  # type: ignore[arg-type]
        there = combined([[one, two], [three, one]], presentation)
        # Swapped outputs: what was shown first is shown second, so the orders change places, too.
        back = combined([[swapped(three), swapped(one)], [swapped(one), swapped(two)]], presentation)
        assert back.preference is (there.preference and there.preference.swapped)


def test_no_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="n_samples: expected at least 1, got 0"):
        rules(n_samples=0)


def test_scores_are_averaged_before_they_are_compared() -> None:
    """FairEval: 9 - 8 in one order, 5 - 8 in the other. One vote each, but the mean scores are 7 against 8."""
    verdicts = [
        Verdict(preference=Preference.FIRST, score_gap=1.0),
        Verdict(preference=Preference.SECOND, score_gap=-3.0),
    ]
    both = Presentation(orders="both", n_samples=1, sample_conflict="average", order_conflict="average")
    found = combined([[verdicts[0]], [verdicts[1]]], both)
    assert (found.preference, found.p_first) == (Preference.SECOND, None)
    votes = [verdict._replace(score_gap=None) for verdict in verdicts]
    assert combined([[votes[0]], [votes[1]]], both).preference == Preference.TIE
    drop = Presentation(orders="both", n_samples=1, sample_conflict="average", order_conflict="drop")
    assert combined([[verdicts[0]], [verdicts[1]]], drop).preference is None
