"""A policy's answers to instructions from outside: of an artifact, or of any checkpoint's folder."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal

from farm.errors import UserError
from farm.models.answering import best_answers, draw_answers, rewards_of
from farm.models.checkpoint import Model
from farm.models.prompts import Prompt
from farm.pipeline.artifact_files import answers_by_instruction, load_policy
from farm.records import Instruction, Output, Policy
from farm.store.ancestry import manifest_of
from farm.store.artifacts import Artifact, Stage, Store
from farm.store.tables import write_table

POLICY_ANSWERS = Stage("policy_answers", 1)
_LABEL = "answers"
_WITH_POLICY = ("policy", "selection")
"""Kinds of artifacts that hold policy.json."""


@dataclass(frozen=True, kw_only=True)
class Answering:
    """How a policy answers."""

    key_name: ClassVar[str] = "Answering"

    name: str
    """What the model is called."""
    prompt: Prompt
    """How instructions are rendered."""
    temperature: float
    """Of a checkpoint's folder; an artifact's policy says its own."""
    max_tokens: int
    """An answer is cut here."""
    dtype: Literal["float32", "bfloat16"]
    device: str
    threads: int | None
    batch_size: int
    """Sequences generated at once."""

    def model(self, policy: Policy) -> Model:
        """What draws the answers."""
        return Model(
            name=self.name,
            checkpoint=str(policy.checkpoint),
            prompt=self.prompt,
            max_prompt_tokens=2**31,  # of no use where nothing is trained
            max_new_tokens=self.max_tokens,
            dtype=self.dtype,
            device=self.device,
            threads=self.threads,
            micro_batch_size=self.batch_size,
            generation_batch_size=self.batch_size,
            adapter=None,
        )


def policy_at(path: Path, root: Path | None, temperature: float) -> Policy:
    """The policy that a path or a key names.

    Args:
        path: a checkpoint's folder; the folder of a policy's artifact, or of a run's (its standings); or a key of one
            of these under root.
        root: where artifacts are.
        temperature: of a checkpoint's folder.

    Raises:
        UserError: there is none.
    """
    folder = path
    if not path.is_dir() and root is not None and len(path.parts) == 1:
        folders = [root / "artifacts" / kind / path for kind in (*_WITH_POLICY, "standings")]
        folder = next((each for each in folders if each.is_dir()), path)
    artifact = Artifact(kind=folder.parent.name, key=folder.name, path=folder.absolute())
    if artifact.kind == "standings" and (folder / "manifest.json").is_file():
        key = manifest_of(artifact)["parents"].get("policy", "")
        above = folder.absolute().parent.parent
        folders = [above / kind / str(key) for kind in _WITH_POLICY]
        folder = next((each for each in folders if each.is_dir()), folder)
        artifact = Artifact(kind=folder.parent.name, key=folder.name, path=folder.absolute())
    if (folder / "policy.json").is_file():
        return load_policy(artifact)
    if (folder / "config.json").is_file():
        return Policy(checkpoint=folder.resolve(), temperature=temperature)
    where = f" nor a key of a policy, selection or standings under {root}" if root is not None else ""
    raise UserError(
        f"policy={path}: expected a folder with config.json (a checkpoint) or policy.json (an artifact){where}"
    )


def policy_outputs(
    policy: Policy, answering: Answering, instructions: Sequence[Instruction], *, seed: int, store: Store | None
) -> list[Output]:
    """One answer to each instruction, kept as an artifact so that nothing is drawn twice.

    Args:
        policy: who answers; of several answers the reward model keeps one.
        answering: how.
        instructions: in order.
        seed: keys the draws.
        store: keeps them; None: nothing is kept.

    Raises:
        UserError: the policy picks among its answers by something that is not in its folder.
    """
    if policy.best_of > 1 and (policy.scorer != "reward_model" or policy.reward_model is None):
        raise UserError(
            f"the policy keeps one of {policy.best_of} answers by {policy.scorer!r}, which needs the run that it comes "
            "from: give the outputs of that run, outputs=runs/artifacts/outputs/KEY/outputs.parquet"
        )
    model = answering.model(policy)
    draw = partial(
        draw_answers,
        model,
        policy,
        instructions,
        n=policy.best_of,
        temperature=policy.temperature,
        seed=seed,
        label=_LABEL,
    )
    rows = draw() if store is None else _kept(store, policy, model, instructions, seed, draw)
    named = [[replace(output, generator=answering.name) for output in row] for row in rows]
    if policy.best_of == 1:
        return [row[0] for row in named]
    assert policy.reward_model is not None
    flat = [output for row in named for output in row]
    return best_answers(named, rewards_of(model, policy.reward_model, flat).reshape(len(named), -1))


def _kept(
    store: Store,
    policy: Policy,
    model: Model,
    instructions: Sequence[Instruction],
    seed: int,
    draw: Callable[[], list[list[Output]]],
) -> list[list[Output]]:
    def build(output_dir: Path, scratch_dir: Path) -> None:  # noqa: ARG001
        write_table(output_dir / "answers.parquet", [output for row in draw() for output in row], Output)

    asked = hashlib.sha256("".join(instruction.key for instruction in instructions).encode()).hexdigest()
    component = {
        "model": replace(model, name=""),
        "prefix": policy.prefix,
        "suffix": policy.suffix,
        "temperature": policy.temperature,
        "n": policy.best_of,
        "instructions": asked,
    }
    artifact = store.get(POLICY_ANSWERS, component=component, parents={}, seed=seed, build=build)
    return answers_by_instruction(artifact, policy.best_of)
