"""Whatever stands in a file or a reply: no exception but the documented ones.

Each target gets values that are valid but for something, and bytes that were valid before a few were changed. A few
examples are for every run of the tests; `pytest -m soak tests/attack/test_fuzz.py` tries 200 of each.
"""

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from farm.calls.http.chat import error_code, error_text, read_reply
from farm.calls.http.echoes import Clearing
from farm.calls.http.retries import retry_after_seconds
from farm.calls.request import Reply, TokenLogprob
from farm.data.comparison_files import open_comparisons
from farm.data.files.column_mapping import OWN_NAMES
from farm.data.files.row_stream import column_schema, file_notes, stream_rows
from farm.data.layouts.pair_file import read_pairs
from farm.errors import UserError
from farm.judges.alpaca_eval.config import asked, read_configs
from farm.judges.alpaca_eval.parsers import parser_named, read_values
from farm.judges.grading import GradingJudge
from farm.judges.prompted import PromptedJudge
from farm.labels.published.standings import is_standings, read_standings
from farm.labels.read import read_annotations
from tests.judges.scripted import shipped_judge

FEW = pytest.param(15, id="few", marks=pytest.mark.slow)
MANY = pytest.param(200, id="many", marks=pytest.mark.soak)
EACH = pytest.mark.parametrize("n_examples", [FEW, MANY])

TEXTS = st.text(max_size=12) | st.sampled_from(
    ["", " ", "a", "\x00", "\ud83d", "\u202e", "1", "2", "tie", "[]", '[{"role": "user", "content": "hi"}]', "{", "NaN",
     "=1+1", "\r\n", "1e999", "9" * 50, "human", "llm", "2024-01-01", "model_a", "A>>B", "\\u0000", "Human: a"]
)  # fmt: skip
NUMBERS = st.integers() | st.floats() | st.sampled_from([0, 1, 1.5, 2, -1, 2**63, 10**30, 1e308])
LEAVES = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["role", "content", "from", "value", "text", "type", "rating", "a", "Rating"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
COLUMNS = [
    "instruction", "input", "output_1", "output_2", "output", "generator", "generator_1", "generator_2", "model_1",
    "model_2", "preference", "annotator", "annotator_kind", "item_id", "first_shown", "p_first", "history", "system",
    "prompt", "chosen", "rejected", "chosen_rating", "rejected_rating", "score_chosen", "messages", "conversations",
    "conversation_a", "conversation_b", "model_a", "model_b", "winner", "question_id", "turn", "judge", "tstamp",
    "completion", "label", "completions", "generations", "order", "rating", "ratings", "responses", "response",
    "response_0", "response_1", "better_response_id", "safer_response_id", "question", "answer", "score", "answers",
    "rank", "num", "human_ref_A", "human_ref_B", "labels", "score_A", "score_B", "info", "summaries", "choice",
    "example", "target_scores", "examples", "correct", "subset", "response_model", "ties", "model", "win_rate", "n",
    "human_win_rate", "simulated_win_rate", "standard_error", "cmp_key", "annotator1", "response1", "response2",
]  # fmt: skip
ROWS = st.lists(st.dictionaries(st.sampled_from(COLUMNS) | TEXTS, VALUES, max_size=8), max_size=4)
GOOD = [
    {"instruction": f"Question {k}?", "output_1": f"one {k}", "output_2": f"two {k}", "generator_1": "A",
     "generator_2": "B", "annotator": "w1", "annotator_kind": "human", "preference": 1 + k % 2}
    for k in range(4)
]  # fmt: skip
GOOD_PAIRS = [
    {"prompt": f"Question {k}?", "chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}],
     "rejected": [{"role": "user", "content": "q"}, {"role": "assistant", "content": f"b {k}"}], "score_chosen": 2.0,
     "score_rejected": 1.0}
    for k in range(3)
]  # fmt: skip
GOOD_STANDINGS = [{"model": name, "win_rate": 0.5, "standard_error": 0.01, "n": 10} for name in "abc"]


@st.composite
def rows(draw: st.DrawFn) -> list[Any]:
    """Rows of nothing in particular, or good ones with a few cells changed."""
    if draw(st.booleans()):
        return draw(ROWS)
    chosen = [dict(row) for row in draw(st.sampled_from([GOOD, GOOD_PAIRS, GOOD_STANDINGS]))]
    for _ in range(draw(st.integers(0, 3))):
        row = draw(st.sampled_from(chosen))
        row[draw(st.sampled_from([*row, *COLUMNS]))] = draw(VALUES)
    return chosen


@st.composite
def changed(draw: st.DrawFn, content: bytes) -> bytes:
    """The bytes with a few cut out, changed, doubled or put in."""
    data = bytearray(content)
    for _ in range(draw(st.integers(0, 4))):
        at, n = draw(st.integers(0, len(data))), draw(st.integers(0, 8))
        data[at : at + n] = draw(
            st.binary(max_size=8) | st.sampled_from([b"", b"[" * 300, b"9" * 5000, b'"', b"\n", b"}"])
        )
    return bytes(data[: draw(st.integers(0, len(data)))]) if draw(st.booleans()) else bytes(data)


def many(n_examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return settings(
        max_examples=n_examples, deadline=None, database=None, derandomize=n_examples < 100,
        suppress_health_check=list(HealthCheck), phases=(Phase.generate,),
    )  # fmt: skip


def as_file(table: list[dict[str, Any]], ending: str) -> bytes:
    buffer = io.BytesIO()
    frame = pd.DataFrame(table)
    if ending == ".parquet":
        frame.to_parquet(buffer)
    elif ending == ".arrow":
        frame.to_feather(buffer, compression="uncompressed")
    elif ending in (".csv", ".tsv"):
        frame.to_csv(buffer, index=False, sep="," if ending == ".csv" else "\t")
    elif ending == ".json":
        buffer.write(json.dumps(table, indent=1).encode())
    else:
        text = "\n".join(map(json.dumps, table)).encode()
        buffer.write(gzip.compress(text) if ending.endswith(".gz") else text)
    return buffer.getvalue()


def read_everyhow(path: Path) -> None:
    """All readers of files; each may refuse."""

    def comparisons() -> None:
        with open_comparisons([path], OWN_NAMES) as source:
            list(source.chunks(2))

    readers: list[Callable[[], object]] = [
        lambda: list(stream_rows(path)),
        lambda: file_notes(path),
        lambda: column_schema(path),
        lambda: read_pairs(path),
        lambda: read_annotations(path, assumed_kind="llm"),
        lambda: read_standings(path, "humans", None) if is_standings(path, "humans", None) else None,
        comparisons,
    ]
    for reader in readers:
        try:
            reader()
        except UserError as error:
            assert str(error)


@EACH
@pytest.mark.parametrize("ending", [".json", ".jsonl"])
def test_rows_of_anything(ending: str, n_examples: int, tmp_path: Path) -> None:
    path = tmp_path / f"a{ending}"

    @many(n_examples)
    @given(rows())
    def check(table: list[Any]) -> None:
        path.write_text("\n".join(map(json.dumps, table)) if ending == ".jsonl" else json.dumps(table))
        read_everyhow(path)

    check()


@EACH
@pytest.mark.parametrize("ending", [".json", ".jsonl", ".csv", ".tsv", ".parquet", ".arrow", ".jsonl.gz"])
def test_damaged_files(ending: str, n_examples: int, tmp_path: Path) -> None:
    path = tmp_path / f"a{ending}"
    contents = [as_file(table, ending) for table in (GOOD, GOOD_PAIRS, GOOD_STANDINGS)]

    @many(n_examples)
    @given(st.sampled_from(contents).flatmap(changed))
    def check(content: bytes) -> None:
        path.write_bytes(content)
        read_everyhow(path)

    check()


COMPLETION: dict[str, Any] = {
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "Output (a)"}, "logprobs": {"content": [
        {"token": "a", "logprob": -0.1, "top_logprobs": [{"token": "a", "logprob": -0.1}]}]}}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}},
}  # fmt: skip


CLEARING = Clearing(key="sk-planted-0123456789abcdef", path_segments=())


@st.composite
def completions(draw: st.DrawFn) -> Any:
    """A completion in which some part, at any depth, is something else."""
    body = json.loads(json.dumps(COMPLETION))
    for _ in range(draw(st.integers(1, 3))):
        place: Any = body
        while isinstance(place, dict | list) and place:
            key = draw(st.sampled_from([*place] if isinstance(place, dict) else [*range(len(place))]))
            if draw(st.booleans()) or not isinstance(place[key], dict | list):
                place[key] = draw(VALUES)
                break
            place = place[key]
    return body


@EACH
def test_replies_of_endpoints(n_examples: int) -> None:
    @many(n_examples * 5)
    @given(completions() | VALUES, changed(json.dumps(COMPLETION).encode()), TEXTS)
    def check(body: Any, damaged: bytes, header: str) -> None:
        for content in (json.dumps(body).encode(), damaged):
            parsed = read_reply(content)
            assert (parsed.failure is None) == bool(parsed.reply.text.strip())
            assert all(entry.logprob <= 0 for place in parsed.reply.top_logprobs for entry in place)
        assert len(error_text(body, CLEARING)) <= 300 and isinstance(error_code(body), str)
        for name in ("retry-after", "retry-after-ms"):
            assert 0 <= (retry_after_seconds({name: header}) or 0) < 1e8

    check()


FRAGMENTS = st.sampled_from(
    ["Output (a)", "Output (b)", "(a)", "b", "Verdict:", "Tie", "tie", "is better than", "not", "**", "\\boxed{a}", "{",
     "}", "[", "]", '"', "'", "```json", "```", '{"verdict": "Output (a)"}', "[{'model': 'm', 'rank': 1}]", "1:", "2.",
     "Score:", "7,5", "10/10", "9" * 400, "-", "1e999", "NaN", "\n", "\n\n", "<think>", "</think>", "\uff08a\uff09",
     "\x00", "\ud83d", "\u202e", "Output" * 50, "[" * 300, "{'a':" * 200,
     "Grade: 7", "m", "M", "8 9", "\\u0000"]
)  # fmt: skip
REPLIES = st.lists(FRAGMENTS | TEXTS, max_size=12).map(" ".join) | st.lists(FRAGMENTS, max_size=8).map("".join)
LOGPROBS = st.lists(
    st.lists(st.builds(TokenLogprob, TEXTS, st.floats(max_value=0, allow_nan=False)), max_size=3).map(tuple), max_size=3
).map(tuple)
JUDGES = ["batch", "brief", "chat", "choice", "criteria", "grading", "greedy", "json", "local", "logprob", "prose",
          "ranking", "reasoned", "reference", "scores"]  # fmt: skip


@EACH
@pytest.mark.parametrize("name", JUDGES)
def test_replies_of_judges(name: str, n_examples: int) -> None:
    judge = shipped_judge(name)
    assert isinstance(judge, PromptedJudge | GradingJudge)
    n_pairs = 3 if name == "batch" else 1

    @many(n_examples)
    @given(REPLIES, LOGPROBS)
    def check(text: str, logprobs: Any) -> None:
        reply = Reply(text=text, top_logprobs=logprobs)
        if isinstance(judge, GradingJudge):
            judge.parser.grade(reply)
            return
        readings = judge.parser.readings(reply, n_pairs)
        assert len(readings) == n_pairs
        assert all((reading.preference is None) == bool(reading.reason) for reading in readings)

    check()


EVALUATOR_PARSERS: dict[str, dict[str, Any]] = {
    "regex_parser": {"outputs_to_match": {1: r"\(a\)", 2: r"\(b\)"}}, "lmsys_parser": {}, "ranking_parser": {},
    "json_parser": {"annotation_key": "verdict"}, "eval_parser": {},
    "logprob_parser": {"numerator_token": "m", "denominator_tokens": ["m", "M"]},
}  # fmt: skip


@EACH
@pytest.mark.parametrize("name", EVALUATOR_PARSERS)
def test_replies_to_evaluators(name: str, n_examples: int) -> None:
    parser = parser_named(name, EVALUATOR_PARSERS[name])

    @many(n_examples)
    @given(REPLIES, LOGPROBS)
    def check(text: str, logprobs: Any) -> None:
        assert len(read_values(parser, Reply(text=text, top_logprobs=logprobs), 1)) == 1

    check()


EVALUATOR: dict[str, Any] = {"judge": {
    "prompt_template": "<|im_start|>user\n{instruction} {output_1} {output_2}<|im_end|>",
    "fn_completions": "openai_completions", "fn_completion_parser": "regex_parser", "batch_size": 1,
    "completions_kwargs": {"model_name": "m", "max_tokens": 5, "temperature": 0, "logprobs": True, "top_logprobs": 5},
    "completion_parser_kwargs": {"outputs_to_match": {1: "a", 2: "b"}},
}}  # fmt: skip


@EACH
def test_folders_of_evaluators(n_examples: int, tmp_path: Path) -> None:
    path = tmp_path / "configs.yaml"
    names = st.sampled_from([*EVALUATOR["judge"], *EVALUATOR["judge"]["completions_kwargs"], "stop", "top_p", "x"])

    @many(n_examples)
    @given(changed(yaml.safe_dump(EVALUATOR).encode()), st.dictionaries(names, VALUES, max_size=3), st.booleans())
    def check(damaged: bytes, cells: dict[str, Any], is_inner: bool) -> None:
        whole = json.loads(json.dumps(EVALUATOR))
        (whole["judge"]["completions_kwargs"] if is_inner else whole["judge"]).update(cells)
        for content in (damaged, json.dumps(whole).encode()):
            path.write_bytes(content)
            try:
                for config in read_configs(tmp_path).values():
                    asked(config, path)
                    parser_named(config.fn_completion_parser, config.completion_parser_kwargs)
            except (ValueError, UserError) as error:
                assert str(error)

    check()
