"""Verdicts in JSON survive fences, chatter and sloppy JSON; what cannot be read is unparsed."""

import time

import pytest

from farm.calls.request import Reply
from farm.judges.parsers.json_object import JsonVerdict, RankList, json_objects
from farm.judges.parsers.verdict_words import VerdictWords
from farm.records import Preference

FIRST, SECOND, TIE = Preference.FIRST, Preference.SECOND, Preference.TIE
VERDICT = JsonVerdict(
    key="better",
    verdict=VerdictWords(first=("Output (a)", "a", "true"), second=("Output (b)", "b", "false"), tie=("tie",)),
)
RANKS = RankList(first="a", second="b")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"explanation": "x", "better": "Output (a)"}', FIRST),
        ('Sure!\n```json\n{"explanation": "a {brace} and \\"quotes\\"", "better": "Output (b)",}\n```\nDone.', SECOND),
        ("{'explanation': 'it\\'s', 'better': 'Output (b)'}", SECOND),
        ('{"note": 1} {"better": "a"} or rather {"better": "b"}', SECOND),
        ('{"verdict": {"better": "tie"}}', TIE),
        ('{"Better": true}', FIRST),
        ('{"explanation": "a\nline", "better": "Output (b)"}', SECOND),
        ('{"explanation": "say "hi" to all", "better": "Output (b)"}', SECOND),
        ('{"explanation": "x", "better": "Output (a)"', None),  # cut off
        ('{"better": "a"} {"better": "b"}', None),
        ('{"better": "Output (b) is better"}', SECOND),
        ('<think>{"better": "a"}</think>{"better": "b"}', SECOND),
        ('<think>{"better": "a"}', None),
        ("Output (b)", SECOND),
        ('{"better": "neither"}', None),
        ('{"better": null}', None),
        ('{"explanation": "Output (a) is better", "bet', None),
        ("I cannot say.", None),
        ("", None),
    ],
)
def test_the_last_object_with_the_key_counts(text: str, expected: Preference | None) -> None:
    (reading,) = VERDICT.readings(Reply(text=text), 1)
    assert reading.preference is expected
    assert bool(reading.reason) == (expected is None)


def test_several_pairs_need_as_many_objects() -> None:
    text = '[{"better": "a"}, {"better": "b"}]'
    assert [r.preference for r in VERDICT.readings(Reply(text=text), 2)] == [FIRST, SECOND]
    short = VERDICT.readings(Reply(text=text), 3)
    assert {r.preference for r in short} == {None} and "(2 for 3; it says" in short[0].reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"model": "a", "rank": 1}, {"model": "b", "rank": 2}]', FIRST),
        ("Here: [{'model': 'a', 'rank': '2'}, {'model': 'b', 'rank': '1'}]", SECOND),
        ('{"order": [{"model": "b", "rank": 1}, {"model": "a", "rank": 2}]}', SECOND),
        ('[{"model": "a", "rank": 1}, {"model": "b", "rank": 1}]', TIE),
        ('[{"model": "a", "rank": 1}]', None),
        ('[{"model": "a", "rank": 1}, {"model": "b", "rank": 3}]', None),
        ('[{"model": "a", "rank": null}, {"model": "b", "rank": 1}]', None),
    ],
)
def test_ranks_one_and_two_are_a_verdict(text: str, expected: Preference | None) -> None:
    (reading,) = RANKS.readings(Reply(text=text), 1)
    assert reading.preference is expected


def test_objects_come_in_the_order_of_their_beginnings() -> None:
    assert json_objects('x {"a": {"b": 1}} [{"c": 2}, 3] y') == [{"a": {"b": 1}}, {"b": 1}, {"c": 2}]


@pytest.mark.parametrize("character", ["{", "[", '{"a":', "['"])
def test_hostile_brackets_cost_little(character: str) -> None:
    start = time.process_time()
    assert json_objects(character * 20_000) == []
    assert time.process_time() - start < 3.0
