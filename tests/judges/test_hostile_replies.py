"""Whatever a model writes, each parser ends with one reading per pair, and soon."""

import random
import time

import pytest

from farm.calls.request import Reply
from farm.judges.alpaca_eval.parsers import parser_named, read_values
from farm.judges.parsers.grades import GradeParser, TwoScores
from farm.judges.parsers.json_object import JsonVerdict, RankList
from farm.judges.parsers.reading import Reading, ReplyParser
from farm.judges.parsers.text import NumberedVerdicts, TextVerdict
from farm.judges.parsers.verdict_words import VerdictWords
from farm.records import Preference

LABELS = VerdictWords(first=("Output (a)", "(a)", "a"), second=("Output (b)", "(b)", "b"), tie=("Tie",))
PARSERS: dict[str, ReplyParser] = {
    "text": TextVerdict(verdict=LABELS, marker=""),
    "marked": TextVerdict(verdict=LABELS, marker="Verdict:"),
    "numbered": NumberedVerdicts(verdict=LABELS),
    "json": JsonVerdict(key="better", verdict=LABELS),
    "ranks": RankList(first="a", second="b"),
    "scores": TwoScores(first=GradeParser(label="A", low=1, high=10), second=GradeParser(label="B", low=1, high=10)),
}
EVALUATORS: dict[str, dict[str, object]] = {
    "json_parser": {"annotation_key": "better"},
    "ranking_parser": {},
    "eval_parser": {},
    "lmsys_parser": {},
    "regex_parser": {"outputs_to_match": {1: r"\(a\)", 2: r"\(b\)"}},
    "pipeline_meta_parser": {
        "parsers_to_kwargs": {"json_parser": {"annotation_key": "better"}, "replace_parser": {"replacer": {"a": 1}}}
    },
}
PIECES = [
    *("Output (a)", "Output (b)", "Verdict:", "(a)", "a", "b", "Tie", "Pair 1:", "A: 3", "B: 4", "\n", " "),
    *("{", "}", "{{", "}}", "[", "]", '"', "'", ",", ":", "\\", "\0", "\ud83d", "1e999", "NaN", "9" * 400, "9" * 5000),
    *('{"better": "Output (a)"}', '{"better": [1]}', '{"better": {"a": []}}', '[{"model": "a", "rank": [1]}]'),
]
UNITS = [" ", "\n", "\n ", "*", "{", "[", "(", '"', "'{", "a, ", "1 ", "1", "-", "Pair ", "A: ", "verdict is "]


def readings_by_parser(text: str) -> dict[str, list[Reading]]:
    ours = {name: parser.readings(Reply(text=text), 1) for name, parser in PARSERS.items()}
    theirs = {name: read_values(parser_named(name, kwargs), Reply(text=text), 1) for name, kwargs in EVALUATORS.items()}
    return ours | theirs


@pytest.mark.filterwarnings("error")
def test_any_mixture_of_pieces_is_read_or_left_with_a_reason() -> None:
    rng = random.Random(0)
    for _ in range(1500):
        text = "".join(rng.choices(PIECES, k=rng.randint(1, 8)))
        for name, readings in readings_by_parser(text).items():
            assert len(readings) == 1, (name, text)
            assert (readings[0].preference is None) == bool(readings[0].reason), (name, text)


@pytest.mark.parametrize("unit", UNITS)
def test_a_runaway_reply_is_read_in_no_time(unit: str) -> None:
    """Models repeat a token until max_tokens ends it; 2,000 blanks once took a minute."""
    start = time.process_time()
    readings_by_parser(unit * (8000 // len(unit)) + "x")
    assert time.process_time() - start < 2.0


def test_doubled_braces_are_read_past() -> None:
    """Some models copy the braces of a template: a set of dictionaries, which is nothing to Python."""
    (reading,) = PARSERS["json"].readings(Reply(text='{{"explanation": "x", "better": "Output (b)"}}'), 1)
    assert reading.preference is Preference.SECOND
