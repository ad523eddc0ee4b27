"""The policy of a finished run, ready to answer any instruction, from its artifacts alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from farm.errors import UserError
from farm.models.answering import best_answers, draw_answers, score_answers
from farm.models.checkpoint import Model
from farm.models.prompts import ChatPrompt, Prompt, PromptTemplate
from farm.pipeline.artifact_files import load_policy
from farm.records import Instruction, Output, Policy
from farm.store.ancestry import artifacts_by_key, manifest_of, parents_of
from farm.store.artifacts import Artifact, Store
from farm.store.keys import key_name_of

DRAWS = "answers by hand"
"""Keys the draws, so that they are those of no stage of the run."""


@dataclass(frozen=True, kw_only=True)
class TrainedPolicy:
    """A policy with the prompts and limits that it was judged with."""

    policy: Policy
    sft: Policy
    """The policy before the method; one scorer of answers asks it."""
    model: Model
    """Prompt, token limits, arithmetic and device."""

    def answer(self, instruction: str, *, input: str = "", n: int = 1, seed: int = 0) -> list[Output]:
        """`n` answers as at evaluation: each is the best of `policy.best_of` draws by the policy's scorer.

        Args:
            instruction: what is asked.
            input: what it is asked about, where that stands apart.
            n: how many answers.
            seed: keys the draws.

        Raises:
            UserError: the scorer is the true utility, which is no part of a policy.
        """
        if self.policy.scorer == "utility":
            raise UserError("this policy picks by the true utility of its closed world, which no other instruction has")
        if n < 1:
            raise ValueError(f"n: expected at least 1, got {n}")
        best_of = self.policy.best_of
        asked = [Instruction(instruction=instruction, input=input)]
        (drawn,) = draw_answers(
            self.model,
            self.policy,
            asked,
            n=n * best_of,
            temperature=self.policy.temperature,
            seed=seed,
            label=DRAWS,
        )
        rows = [drawn[first : first + best_of] for first in range(0, len(drawn), best_of)]
        return best_answers(rows, score_answers(self.model, self.policy, self.sft, rows, seed=seed))


def trained_policy(store: Store, standings: Artifact, *, device: str, batch_size: int) -> TrainedPolicy:
    """The policy of a run.

    Args:
        store: where its artifacts are.
        standings: the run's last artifact.
        device: where it is to answer: cpu, cuda, cuda:1 or auto.
        batch_size: answers generated at once.

    Raises:
        UserError: its prompt is of a kind that is not known here.
    """
    by_key = artifacts_by_key(store)
    parents = parents_of(by_key, standings)
    policy = load_policy(parents["policy"])
    described = manifest_of(parents["answers"])["component"]["model"]
    model = Model(
        name=described["name"],
        checkpoint=str(policy.checkpoint),
        prompt=_prompt(described["prompt"]),
        max_prompt_tokens=described["max_prompt_tokens"],
        max_new_tokens=described["max_new_tokens"],
        dtype=described["dtype"],
        device=device,
        threads=None,
        micro_batch_size=batch_size,
        generation_batch_size=batch_size,
        adapter=None,
    )
    return TrainedPolicy(policy=policy, sft=load_policy(parents_of(by_key, parents["outputs"])["sft"]), model=model)


def _prompt(described: Mapping[str, Any]) -> Prompt:
    settings = {name: value for name, value in described.items() if name != "type"}
    if described["type"] == key_name_of(PromptTemplate):
        return PromptTemplate(**settings)
    if described["type"] == key_name_of(ChatPrompt):
        return ChatPrompt(**settings)
    raise UserError(f"the prompt of this run is a {described['type']}, which cannot be made again from its description")
