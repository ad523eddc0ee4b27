"""Probabilities of two labels, by hand arithmetic."""

import math

import pytest

from farm.calls.request import Reply, TokenLogprob
from farm.judges.parsers.logprobs import LabelLogprobs
from farm.judges.parsers.reading import Reading
from farm.records import Preference

PARSER = LabelLogprobs(first="A", second="B", place="first")
LAST = LabelLogprobs(first="A", second="B", place="last")


def place(**probabilities: float) -> tuple[TokenLogprob, ...]:
    tokens = [TokenLogprob(token.replace("_", " "), math.log(p)) for token, p in probabilities.items()]
    return tuple(sorted(tokens, key=lambda token: -token.logprob))


def read(parser: LabelLogprobs, *places: tuple[TokenLogprob, ...]) -> Reading:
    (reading,) = parser.readings(Reply(text="?", top_logprobs=places), 1)
    return reading


def test_spellings_of_a_label_are_taken_together_and_the_rest_is_left_out() -> None:
    # P(A) = .3 + .2 + .1 (A, " A", a) = .6, P(B) = .2, others .2: .6 / .8 = .75.
    reading = read(PARSER, place(A=0.3, _A=0.2, a=0.1, B=0.2, Both=0.15, The=0.05))
    assert reading.preference is Preference.FIRST and reading.p_first == pytest.approx(0.75)


def test_a_label_that_is_not_listed_is_impossible() -> None:
    assert read(PARSER, place(B=0.9, The=0.1)).p_first == 0.0


def test_the_place_of_the_verdict_is_where_a_label_is_most_probable() -> None:
    chatter, early, late = place(I=0.9, A=0.1), place(A=0.8, B=0.2), place(B=0.6, A=0.4)
    assert read(PARSER, chatter, early, chatter, late).p_first == pytest.approx(0.8)
    assert read(LAST, chatter, early, chatter, late).p_first == pytest.approx(0.4)
    assert "no token 'A' or 'B'" in read(PARSER, chatter).reason


def test_exactly_one_half_is_a_tie() -> None:
    assert read(PARSER, place(A=0.25, B=0.25)).preference is Preference.TIE


def test_local_labels_need_not_be_normalised() -> None:
    # exp(-1000) and exp(-1001) both underflow; their ratio is 1 / (1 + 1/e) = .7311.
    (reading,) = PARSER.readings(Reply(text="", label_logprobs=(-1000.0, -1001.0)), 1)
    assert reading.p_first == pytest.approx(0.7311, abs=1e-4)
    (certain,) = PARSER.readings(Reply(text="", label_logprobs=(-1e6, -1.0)), 1)
    assert certain.p_first == 0.0 and certain.preference is Preference.SECOND


def test_a_reply_without_log_probabilities_says_what_to_do() -> None:
    (reading,) = PARSER.readings(Reply(text="A"), 1)
    assert reading.preference is None and "needs a judge that reads text" in reading.reason
    (reading,) = PARSER.readings(Reply(text="", label_logprobs=(-math.inf, -math.inf)), 1)
    assert reading.preference is None
