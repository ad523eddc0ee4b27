"""Judges against a real HTTP server, misbehaving included."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from farm.calls.http.chat import read_reply
from farm.calls.request import Request
from farm.calls.session import Session, open_calls
from farm.conversation import Message
from farm.judges.grading import GradingJudge
from farm.judges.prompted import PromptedJudge
from farm.records import Comparison, Preference
from tests.calls.asking import settings, slot
from tests.calls.server import JudgeServer, judge_server
from tests.judges.evaluators import CHAT, LOGPROB, PIPELINE, panel_of, write_evaluator
from tests.judges.scripted import delimited, shipped_judge
from tests.judges.test_prompted import longer_wins

FIRST, SECOND = Preference.FIRST, Preference.SECOND
PAIRS = [Comparison(instruction=f"q{i}", output_1="x" * (i % 9 + 1), output_2="y" * 5) for i in range(30) if i % 9 != 4]
ORDERS = [1 + i % 2 for i in range(len(PAIRS))]
LONGER = [FIRST if len(pair.output_1) > 5 else SECOND for pair in PAIRS]
FAULTS = {"429": 0.05, "500": 0.05, "reset": 0.05, "truncated": 0.03, "empty_choice": 0.03, "refusal": 0.05}


def rule(text: str) -> str:
    """The scripted model of the other tests, from a prompt's text alone."""
    request = Request(slot=slot("http://x"), messages=(Message("user", text),), decoding=settings_of("greedy").decoding)
    if "grade answers" in text:
        return f"Grade: {min(10, len(dict(delimited(request))['Output']))}"
    return longer_wins(request)


def settings_of(name: str) -> PromptedJudge | GradingJudge:
    judge = shipped_judge(name)
    assert isinstance(judge, PromptedJudge | GradingJudge)
    return judge


def at(server: JudgeServer, name: str) -> PromptedJudge | GradingJudge:
    return replace(settings_of(name), model=slot(server.base_url))


@pytest.fixture
def calls(tmp_path: Path) -> Iterator[Session]:
    with open_calls(settings(tmp_path / "calls.sqlite")) as session:
        yield session


@pytest.mark.parametrize("name", ["greedy", "reasoned", "json", "batch", "grading"])
def test_every_comparison_ends_as_a_verdict_or_with_a_reason(name: str, calls: Session) -> None:
    with judge_server(answer=rule, faults=FAULTS) as server:
        judge = at(server, name)
        verdicts = judge.verdicts(PAIRS, ORDERS, 1, calls=calls)
        for verdict, expected in zip(verdicts, LONGER, strict=True):
            assert verdict.preference is expected or (verdict.preference is None and verdict.unparsed_reason)
        assert sum(verdict.preference is not None for verdict in verdicts) > len(PAIRS) / 2
        n_answered = len(server.answered)
        again = judge.verdicts(PAIRS, ORDERS, 1, calls=calls)
        assert server.n_asked_again == 0
        parsed = [i for i, verdict in enumerate(verdicts) if verdict.preference is not None]
        if len(parsed) == len(PAIRS):
            assert len(server.answered) == n_answered
        assert [again[i].preference for i in parsed] == [verdicts[i].preference for i in parsed]


@pytest.mark.parametrize("fault", ["wrong_count", "other_format"])
def test_a_spoiled_batch_is_asked_about_pair_by_pair(fault: str, calls: Session) -> None:
    with judge_server(answer=rule, faults=[fault]) as server:
        verdicts = at(server, "batch").verdicts(PAIRS[:5], ORDERS[:5], 1, calls=calls)
        assert [verdict.preference for verdict in verdicts] == LONGER[:5]
        assert len(server.requests) == (2 if fault == "wrong_count" else 6)


def test_a_reply_in_another_format_is_no_verdict(calls: Session) -> None:
    with judge_server(answer=rule, faults=["other_format"] * 4) as server:
        for name in ("greedy", "reasoned", "json", "criteria"):
            (verdict,) = at(server, name).verdicts(PAIRS[:1], [1], 1, calls=calls)
            assert verdict.preference is None and "it depends on the reader" in verdict.unparsed_reason
            assert verdict.raw_reply.startswith("Both outputs have their merits")


def test_log_probabilities_arrive_as_probabilities(calls: Session, tmp_path: Path) -> None:
    """The server gives .8 to what it says and .18 to the other label: .8 / .98."""

    def letter(text: str) -> str:
        found = re.findall(r"^Output [AB]:\n\w{8} begin\n(.*)\n", text, re.MULTILINE)
        return "A" if len(found[0]) > len(found[1]) else "B"

    with judge_server(answer=letter) as server:
        verdicts = at(server, "logprob").verdicts(PAIRS[:4], [1, 2, 1, 2], 1, calls=calls)
    assert [verdict.preference for verdict in verdicts] == LONGER[:4]
    expected = [0.8 / 0.98 if side is FIRST else 0.18 / 0.98 for side in LONGER[:4]]
    assert [verdict.p_first for verdict in verdicts] == pytest.approx(expected)

    kwargs = {"model_name": "scripted", "max_tokens": 1, "temperature": 1, "logprobs": True, "top_logprobs": 5}
    folder = write_evaluator(
        tmp_path / "weighted",
        completions_kwargs=kwargs,
        fn_completion_parser="logprob_parser",
        completion_parser_kwargs=LOGPROB,
    )
    with judge_server(answer=lambda _: "M") as server:
        (judge,) = panel_of(folder, base_url=server.base_url).members()
        verdicts = judge.verdicts(PAIRS[:2], [1, 2], 1, calls=calls)
    assert [verdict.p_first for verdict in verdicts] == pytest.approx([0.18 / 0.98, 0.8 / 0.98])


def test_an_evaluator_with_tools_sends_them_and_reads_the_call(calls: Session, tmp_path: Path) -> None:
    tools = [{"type": "function", "function": {"name": "rank", "parameters": {"type": "object"}}}]
    folder = write_evaluator(
        tmp_path / "tools",
        prompt=CHAT,
        completions_kwargs={"model_name": "scripted", "temperature": 0, "tools": tools, "tool_choice": "required"},
        fn_completion_parser="pipeline_meta_parser",
        completion_parser_kwargs=PIPELINE,
    )
    arguments = json.dumps({"ordered_models": [{"model": "M", "rank": 1}, {"model": "m", "rank": 2}]})
    with judge_server(answer=lambda _: arguments) as server:
        (judge,) = panel_of(folder, base_url=server.base_url).members()
        (verdict,) = judge.verdicts(PAIRS[:1], [1], 1, calls=calls)
        assert verdict.preference is SECOND
        (request,) = server.requests
        assert request.body["tools"] == tools and request.body["tool_choice"] == "required"
    # A server that calls the function instead of writing its arguments.
    call = {"type": "function", "function": {"name": "rank", "arguments": arguments}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
    assert read_reply(json.dumps(body).encode()).reply.text == arguments
