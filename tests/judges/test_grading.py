"""Single-answer grading: position cannot matter, and an output is asked about in the same words everywhere."""

import json

from farm.calls.request import Reply, Request
from farm.records import Comparison, Preference
from tests.judges.scripted import ScriptedCalls, delimited, shipped_judge, swapped

GRADES = {"good": "Grade: 9", "fair": "Grade: 5", "bad": "Grade: 2", "silent": "I would rather not."}


def by_list(request: Request) -> str:
    return GRADES[dict(delimited(request))["Output"]]


def pair(one: str, two: str) -> Comparison:
    return Comparison(instruction="q", output_1=one, output_2=two)


def test_the_higher_grade_wins_whatever_the_order() -> None:
    judge, calls = shipped_judge("grading"), ScriptedCalls(by_list)
    pairs = [pair("good", "bad"), pair("bad", "fair"), pair("fair", "fair")]
    for order in (1, 2):
        verdicts = judge.verdicts(pairs, [order] * 3, 0, calls=calls)
        assert [v.preference for v in verdicts] == [Preference.FIRST, Preference.SECOND, Preference.TIE]
        back = judge.verdicts([swapped(p) for p in pairs], [order] * 3, 0, calls=calls)
        assert [v.preference for v in back] == [Preference.SECOND, Preference.FIRST, Preference.TIE]
    assert verdicts[0].n_prompt_tokens == 202 and verdicts[0].cost_usd == 0.02
    assert json.loads(verdicts[0].raw_reply) == ["Grade: 9", "Grade: 2"]


def test_an_output_is_asked_about_in_the_same_words_in_every_comparison() -> None:
    calls = ScriptedCalls(by_list)
    shipped_judge("grading").verdicts([pair("good", "bad"), pair("fair", "good")], [1, 2], 0, calls=calls)
    assert calls.asked[0] == calls.asked[3] and len(set(calls.asked)) == 3


def test_a_missing_grade_says_whose() -> None:
    judge = shipped_judge("grading")
    (verdict,) = judge.verdicts([pair("good", "silent")], [1], 0, calls=ScriptedCalls(by_list))
    assert verdict.preference is None and verdict.unparsed_reason.startswith(
        "output_2: no number in the reply (behind 'Grade'"
    )
    failed = ScriptedCalls(lambda _: Reply(text="", failure="refused"))
    (verdict,) = judge.verdicts([pair("good", "silent")], [1], 0, calls=failed)
    assert verdict.unparsed_reason == "output_1: refused; output_2: refused"
