"""Completion parsers give what AlpacaEval's give; expected values are from its documentation or worked out by hand."""

import math

import pytest

from farm.calls.request import Reply, TokenLogprob
from farm.judges.alpaca_eval.parsers import parser_named, read_values
from farm.records import Preference

FIRST, SECOND, TIE = Preference.FIRST, Preference.SECOND, Preference.TIE


def values(name: str, settings: dict[str, object], text: str, n_pairs: int = 1) -> list[Preference | None]:
    readings = read_values(parser_named(name, settings), Reply(text=text), n_pairs)
    assert all((reading.preference is None) == bool(reading.reason) for reading in readings)
    return [reading.preference for reading in readings]


LABELS = {"outputs_to_match": {1: r"\n\(a\)", 2: r"\n\(b\)"}}


def test_regex_counts_matches_in_order() -> None:
    text = "\n(b)\n\n### Best for 8:\n(a)\n\n### Best for 9:\n(b)"
    assert values("regex_parser", LABELS, text, 3) == [SECOND, FIRST, SECOND]
    assert values("regex_parser", LABELS, text, 2) == [None, None]
    assert values("regex_parser", LABELS, "nothing") == [None]
    assert values("regex_parser", {"outputs_to_match": {0: "tie", 1: "a", 2: "b"}}, "tie") == [TIE]
    assert values("regex_parser", {"outputs_to_match": {1: "x*"}}, "ab", 2) == [FIRST, FIRST]


def test_a_cut_reply_is_no_verdict_whatever_the_pattern() -> None:
    parser = parser_named("regex_parser", LABELS)
    cut = Reply(text="\n(a)", is_cut=True)
    assert read_values(parser, cut, 1)[0].preference is None
    assert "max_tokens" in read_values(parser, cut, 1)[0].reason
    assert values("regex_parser", LABELS, "<think>\n(a)") == [None]
    assert values("regex_parser", LABELS, "<think>\n(a)\n</think>\n(b)") == [SECOND]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("7 1\nmore", FIRST), ("1, 7\n", SECOND), ("5 5", TIE), ("8.5 8", FIRST), ("Scores: 8 7", None), ("7", None)],
)
def test_lmsys_reads_two_scores(text: str, expected: Preference | None) -> None:
    assert values("lmsys_parser", {}, text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[{'model': 'model_1', 'rank': 1}, {'model': 'model_2', 'rank': 2}]", FIRST),
        ('Sure: [{"model": "model_1", "rank": 2}, {"model": "model_2", "rank": 1}]', SECOND),
        ("[{'model': 'model_1', 'rank': 3}]", None),
        ("[{'model': 'model_2', 'rank': 1}]", None),
        ("[]", None),
        ("model_1", None),
    ],
)
def test_ranking_reads_the_rank_of_the_first_model(text: str, expected: Preference | None) -> None:
    assert values("ranking_parser", {}, text) == [expected]


def test_json_reads_a_key_of_an_object_or_of_several() -> None:
    key: dict[str, object] = {"annotation_key": "best"}
    assert values("json_parser", key, 'So ```json\n{"why": "x", "best": 2}\n```') == [SECOND]
    assert values("json_parser", key, '[{"best": 1}, {"best": 1.5}]', 2) == [FIRST, TIE]
    assert values("json_parser", key, '{"worst": 1}') == [None]
    assert values("json_parser", key, '{"best": "the first"}') == [None]
    assert values("json_parser", key, "no") == [None]


def test_eval_and_replace_make_numbers_of_words() -> None:
    assert values("eval_parser", {}, "[1, 2]", 2) == [FIRST, SECOND]
    assert values("eval_parser", {}, "__import__('os')") == [None]
    assert values("replace_parser", {"replacer": {"first": 1, "second": 2}}, "second") == [SECOND]
    assert values("replace_parser", {"replacer": {"first": 1}, "default_replacer": 2}, "whatever") == [SECOND]


def test_a_pipeline_hands_on_what_it_finds() -> None:
    steps: dict[str, object] = {"parsers_to_kwargs": {"json_parser": {"annotation_key": "rank"}, "ranking_parser": {}}}
    text = '{"ex": "...", "rank": [{"model": "model_1", "rank": 1}, {"model": "model_2", "rank": 2}]}'
    assert values("pipeline_meta_parser", steps, text) == [FIRST]
    steps = {
        "parsers_to_kwargs": {
            "json_parser": {"annotation_key": "ok"},
            "replace_parser": {"replacer": {True: 1, False: 2}},
        }
    }
    assert values("pipeline_meta_parser", steps, '[{"ok": false}, {"ok": true}]', 2) == [SECOND, FIRST]


def logprob_reply(*places: dict[str, float]) -> Reply:
    return Reply(
        text="?",
        top_logprobs=tuple(tuple(TokenLogprob(t, math.log(p)) for t, p in place.items()) for place in places),
    )


def test_logprob_weighs_the_numerator_against_all_denominators() -> None:
    settings: dict[str, object] = {"numerator_token": "m", "denominator_tokens": ["m", "M"], "is_binarize": False}
    parser = parser_named("logprob_parser", settings)
    (reading,) = read_values(parser, logprob_reply({"M": 0.6, "m": 0.3, "x": 0.1}), 1)
    assert reading.p_first == pytest.approx(1 / 3) and reading.preference is SECOND
    (certain,) = read_values(parser, logprob_reply({"m": 0.6, "x": 0.4}), 1)
    assert certain.p_first == 1.0 and certain.preference is FIRST
    assert read_values(parser, logprob_reply({"x": 0.9}), 1)[0].preference is None
    assert "without log-probabilities" in read_values(parser, Reply(text="m"), 1)[0].reason
    two = logprob_reply({"m": 0.9}, {"M": 0.9})
    assert [r.preference for r in read_values(parser, two, 2)] == [FIRST, SECOND]
    assert read_values(parser, two, 1)[0].preference is None
    last = parser_named("logprob_parser", {**settings, "log_prob_index": -1})
    assert read_values(last, two, 1)[0].preference is SECOND


def test_binarized_log_probabilities_are_hard_verdicts() -> None:
    settings: dict[str, object] = {"numerator_token": "A", "denominator_tokens": ["A", "B"], "is_binarize": True}
    parser = parser_named("logprob_parser", settings)
    for place, expected in (({"A": 0.6, "B": 0.4}, FIRST), ({"B": 0.6, "A": 0.4}, SECOND), ({"A": 0.5, "B": 0.5}, TIE)):
        (reading,) = read_values(parser, logprob_reply(place), 1)
        assert reading.preference is expected
