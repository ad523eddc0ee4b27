"""Scripted models for tests of judges: calls that are answered by a function, and readers of our own prompts."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from farm.calls.request import Reply, Request
from farm.config.conf_dirs import CONF_DIR
from farm.config.objects import build
from farm.config.resolvers import open_conf_dirs
from farm.judges.judge import Judge
from farm.records import Comparison


@dataclass
class ScriptedCalls:
    """Answers every request by a function and remembers what was asked."""

    answer: Callable[[Request], Reply | str]
    asked: list[Request] = field(default_factory=list)

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        self.asked += requests
        answers = [self.answer(request) for request in requests]
        return [
            Reply(text=a, n_prompt_tokens=101, n_completion_tokens=7, cost_usd=0.01, latency_seconds=0.5)
            if isinstance(a, str)
            else a
            for a in answers
        ]


@dataclass(frozen=True, kw_only=True)
class _Holder:
    judge: Judge


@lru_cache
def shipped_judge(name: str, *overrides: str) -> Judge:
    """A judge of conf/judge."""
    open_conf_dirs()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose(None, overrides=["+judge_models=endpoint", f"+judge={name}", "judge_model=test", *overrides])
        plain = OmegaConf.to_container(config, resolve=True)
    assert isinstance(plain, Mapping)
    return build(_Holder, {"judge": plain["judge"]}).judge


def delimited(request: Request) -> list[tuple[str, str]]:
    """`(heading, text)` of everything that the last message holds between its delimiters."""
    pattern = r"^(?P<heading>[^\n]+):\n(?P<tag>[0-9a-f]{8}) begin\n(?P<text>.*?)\n(?P=tag) end$"
    found = re.finditer(pattern, request.messages[-1].content, re.MULTILINE | re.DOTALL)
    return [(match.group("heading"), match.group("text")) for match in found]


def pairs_of(request: Request) -> list[tuple[str, str]]:
    """The two outputs of each pair in a prompt, in the order shown."""
    outputs = [text for heading, text in delimited(request) if heading.startswith("Output ")]
    return list(zip(outputs[::2], outputs[1::2], strict=True))


def swapped(comparison: Comparison) -> Comparison:
    return replace(comparison, output_1=comparison.output_2, output_2=comparison.output_1)
