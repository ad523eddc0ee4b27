"""The nouns of the laboratory: small frozen records that every other module passes around.

On disk a table of them has exactly the fields of one record as columns (farm/store/tables.py).
"""

import enum
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from farm.conversation import Asked, Messages, messages_as_text


class Preference(enum.Enum):
    """A hard verdict on a comparison. `None` in its place means "no verdict", never a tie."""

    FIRST = 1.0
    """output_1 is better."""
    SECOND = 2.0
    """output_2 is better."""
    TIE = 1.5
    """Neither is better."""

    @classmethod
    def of_number(cls, value: float) -> "Preference":
        """The side of 1.5 that a graded preference from 1 (output_1) to 2 (output_2) lies on."""
        return cls(1.5 + 0.5 * ((value > 1.5) - (value < 1.5)))

    @property
    def swapped(self) -> "Preference":
        """The same verdict after output_1 and output_2 change places."""
        return Preference(3.0 - self.value)


def content_key(*parts: str) -> str:
    """A 16-character hash of the texts; parts are length-delimited, so they cannot run into each other."""
    return hashlib.sha256(json.dumps(parts, ensure_ascii=True).encode()).hexdigest()[:16]


def instruction_key(asked: Asked, *outputs: str) -> str:
    """Identifies what is asked, with the outputs that answer it; single-turn instructions by their texts alone."""
    history = (messages_as_text(asked.history),) if asked.history else ()
    return content_key(asked.instruction, asked.input, *history, *outputs)


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """What the user asked."""

    instruction: str
    """The user's last message, raw text; empty only after a history that ends with a tool's reply."""
    input: str = ""
    """Further context that the request refers to; empty if there is none."""
    dataset: str = ""
    """Where it comes from (a subset name; AlpacaFarm's evaluation set has five)."""
    history: Messages = ()
    """What was said before it, a system message included; empty for a single-turn instruction."""

    @property
    def key(self) -> str:
        return instruction_key(self)


@dataclass(frozen=True, kw_only=True)
class Demonstration:
    """An instruction with an answer to imitate."""

    instruction: str
    input: str = ""
    output: str
    source: str = ""
    """Who wrote the answer (C-RLFT conditions on it)."""
    dataset: str = ""
    history: Messages = ()


@dataclass(frozen=True, kw_only=True)
class Output:
    """What somebody answered."""

    instruction: str
    input: str = ""
    output: str
    generator: str
    """Who answered: a model's or a writer's name."""
    dataset: str = ""
    is_finished: bool = True
    """False if the answer was cut at the token limit before its end token."""
    history: Messages = ()
    turns: Messages = ()
    """The answer's messages, where it holds several turns; empty for one message, which is `output`."""

    @property
    def instruction_key(self) -> str:
        return instruction_key(self)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two answers to one instruction, before anybody says which is better. The order of the two means nothing."""

    instruction: str
    input: str = ""
    output_1: str
    output_2: str
    generator_1: str = ""
    generator_2: str = ""
    dataset: str = ""
    history: Messages = ()

    @property
    def instruction_key(self) -> str:
        return instruction_key(self)

    @cached_property
    def key(self) -> str:
        """Identifies the comparison with its order: a verdict FIRST means this output_1."""
        return instruction_key(self, self.output_1, self.output_2)

    @cached_property
    def pair_key(self) -> str:
        """Identifies the comparison whatever its order; random draws are keyed by it, so that swapping changes none."""
        return instruction_key(self, *sorted((self.output_1, self.output_2)))


class Verdict(NamedTuple):
    """What one judge said of one comparison, in canonical order (already un-swapped)."""

    preference: Preference | None
    """The hard verdict; `None` if there is none, and then `unparsed_reason` says why."""
    p_first: float | None = None
    """Soft verdict: probability in [0, 1] that output_1 is better, where the judge gives one."""
    raw_reply: str = ""
    unparsed_reason: str = ""
    n_prompt_tokens: int = 0
    n_cached_prompt_tokens: int = 0
    """Of the prompt tokens, those that the provider's prefix cache held."""
    n_completion_tokens: int = 0
    cost_usd: float | None = 0.0
    """What the verdict cost when it was first given; None if no price is known."""
    latency_seconds: float = 0.0
    first_shown: int | None = None
    """Which output the judge saw first, 1 or 2, if that is not the one that it was told to see first."""
    score_gap: float | None = None
    """Score of output_1 minus that of output_2, where the judge scores them."""


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """One verdict of one simulated annotator with its provenance."""

    comparison_key: str
    annotator: str
    """Name of the annotator (a pool with its noise)."""
    judge: str
    """Name of the judge that was drawn from the pool."""
    first_shown: int
    """Which output the judge saw first: 1 or 2; 0 if it judged both orders, or the order is not recorded."""
    seed: int = 0
    """What the draws of judge, order and noise were keyed by, together with the comparison."""
    clean_preference: Preference | None
    """The judge's own verdict, before the noise stage."""
    preference: Preference | None
    """The verdict after the noise stage."""
    is_noised: bool
    """Whether the noise stage changed the verdict."""
    worker: str = ""
    """Who gave the noised verdict, where a noise stage simulates several workers; empty otherwise."""
    p_first: float | None = None
    """The judge's own soft verdict, before the noise stage."""
    raw_reply: str = ""
    """What the judge said; a JSON list if it was asked several times."""
    unparsed_reason: str = ""
    n_prompt_tokens: int = 0
    n_cached_prompt_tokens: int = 0
    """Of the prompt tokens, those that the provider's prefix cache held."""
    n_completion_tokens: int = 0
    cost_usd: float | None = 0.0
    """What the verdicts cost when they were first given; None if no price is known."""
    latency_seconds: float = 0.0
    """Sum over the calls that made it."""


@dataclass(frozen=True, kw_only=True)
class PreferencePair:
    """An instruction with the preferred and the other answer."""

    instruction: str
    input: str = ""
    chosen: str
    rejected: str
    chosen_is_finished: bool = True
    """False if the preferred answer was cut at the token limit: training then appends no end token."""
    rejected_is_finished: bool = True
    history: Messages = ()


@dataclass(frozen=True, kw_only=True)
class LabelledOutput:
    """An unpaired preference: an output that somebody called desirable, or not."""

    instruction: str
    input: str = ""
    output: str
    is_desirable: bool
    dataset: str = ""
    history: Messages = ()


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Everything needed to answer an instruction, so that evaluation never asks which method it was."""

    checkpoint: Path
    """A Hugging Face causal LM directory with its tokenizer."""
    prefix: str = ""
    """Text put in front of the rendered prompt (reward conditioning: the token that asks for good answers)."""
    suffix: str = ""
    """Text put behind it, right before the answer (C-RLFT: the condition on the assistant's role)."""
    temperature: float
    """Sampling temperature at evaluation."""
    best_of: int = 1
    """Answers drawn per instruction, of which the scorer keeps one."""
    scorer: str = ""
    """How the kept answer is chosen if best_of > 1: a scorer's name (farm/models/scoring/scorers.py)."""
    reward_model: Path | None = None
    """The reward model's directory, if the scorer needs one."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A row of the leaderboard: one policy, judged by one annotator against the reference."""

    method: str
    annotator_train: str
    annotator_eval: str
    seed: int
    dataset: str
    model: str
    """The pretrained model that the method started from."""
    win_rate: float | None
    """Mean score of the outcomes: in [0, 1], ties count one half, unparsed verdicts are left out; None if nothing was
    parsed."""
    standard_error: float | None
    """Of win_rate, over instructions (sample standard deviation / sqrt(n))."""
    n_wins: int
    n_ties: int
    n_total: int
    """Verdicts that count: parsed ones."""
    n_unparsed: int
    n_instructions: int
    """Instructions with at least one parsed verdict; the standard error is over these."""
    mean_length: float
    """Mean length of the outputs, in characters."""
    utility: float | None
    """Mean true utility of the outputs, where the dataset knows it."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one policy's output on one evaluation instruction fared with one evaluation annotator."""

    instruction_key: str
    annotator_eval: str
    score: float | None
    """Mean over the parsed labels: 1 for a win over the reference, 1/2 for a tie, 0 for a loss, whatever the soft
    verdict; of AlpacaEval's weighted evaluators the probability of a win. None if none parsed."""
    n_wins: int
    n_ties: int
    n_losses: int
    n_unparsed: int
    length: int
    """Characters of the output."""
    utility: float | None
    """True utility of the output, where the dataset knows it."""


@dataclass(frozen=True, kw_only=True)
class OptimizationPoint:
    """Proxy reward and true utility at one strength of optimisation against a reward model."""

    curve: str
    """best_of_n or ppo."""
    n: int | None
    """Answers drawn per instruction (best_of_n)."""
    step: int | None
    """Training step (ppo)."""
    kl: float
    """KL to the SFT policy in nats per answer: the analytic bound log n - (n-1)/n, or the measured k1 mean."""
    proxy_reward: float
    """Mean score by the reward model that was optimised."""
    proxy_reward_standard_error: float
    utility: float
    """Mean true utility."""
    utility_standard_error: float
    n_outputs: int


def instructions_of(records: Iterable[Demonstration | Output]) -> list[Instruction]:
    """The instructions that these records answer, in order."""
    return [
        Instruction(instruction=r.instruction, input=r.input, dataset=r.dataset, history=r.history) for r in records
    ]


def comparison_of(first: Output, second: Output) -> Comparison:
    """Two answers to one instruction, side by side."""
    return Comparison(
        instruction=first.instruction,
        input=first.input,
        output_1=first.output,
        output_2=second.output,
        generator_1=first.generator,
        generator_2=second.generator,
        dataset=first.dataset,
        history=first.history,
    )
