"""What lies in artifacts, and how it is read and written: policies, training inputs, pairs, answers.

The order in which artifacts are made stands in farm/pipeline/training.py.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from farm.bounded.json_text import read_json_object
from farm.methods.method import Labeller, Method, TrainingInputs
from farm.models.answering import keep_short
from farm.models.checkpoint import Model
from farm.pipeline.unpaired_labels import read_unpaired
from farm.records import (
    Annotation,
    Comparison,
    Demonstration,
    Instruction,
    Output,
    Policy,
    Preference,
    PreferencePair,
)
from farm.store.artifacts import Artifact
from farm.store.tables import read_table

_POLICY_PATHS = ("checkpoint", "reward_model")


def answers_by_instruction(answers: Artifact, best_of: int) -> list[list[Output]]:
    """The drawn answers, `best_of` per instruction."""
    drawn = read_table(answers.file("answers.parquet"), Output)
    return [drawn[i : i + best_of] for i in range(0, len(drawn), best_of)]


def load_policy(artifact: Artifact) -> Policy:
    """The policy of a policy artifact; its paths are stored relative to the artifact."""
    fields = read_json_object(artifact.file("policy.json"))
    for name in _POLICY_PATHS:
        if fields[name] is not None:
            fields[name] = (artifact.path / fields[name]).resolve()
    return Policy(**fields)


def write_policy(policy: Policy, artifact_dir: Path) -> None:
    """Write `policy.json`; paths are stored relative to the artifact, so that a root can be moved."""
    fields = {**vars(policy)}
    for name in _POLICY_PATHS:
        if fields[name] is not None:
            fields[name] = os.path.relpath(fields[name], artifact_dir)
    write_json(artifact_dir / "policy.json", fields)


def training_inputs(
    parents: Mapping[str, Artifact], model: Model, method: Method, labels: Labeller | None = None
) -> TrainingInputs:
    """What the method asked for, read from the artifacts by role; labels where it asks for them while it trains."""
    requires = set(method.requires)
    data = parents.get("dataset")
    return TrainingInputs(
        model=model,
        sft=load_policy(parents["sft"]) if "sft" in requires else None,
        demonstrations=(
            read_table(data.file("demonstrations.parquet"), Demonstration)
            if data and "demonstrations" in requires
            else ()
        ),
        pairs=(
            read_table(parents["pairs"].file("pairs.parquet"), PreferencePair)
            if {"pairs", "unpaired"} & requires and "pairs" in parents
            else ()
        ),
        unpaired=read_unpaired(parents["unpaired"]) if "unpaired" in parents else (),
        unlabeled=(
            keep_short(model, read_table(data.file("unlabeled.parquet"), Instruction))
            if data and "unlabeled" in requires
            else ()
        ),
        reward_model=parents["reward_model"].path if "reward_model" in requires else None,
        labels=labels,
    )


def labelled_pairs(compared: Artifact, annotations: Sequence[Annotation]) -> list[PreferencePair]:
    """Chosen and rejected of every comparison whose annotation prefers one of two different texts."""
    comparisons = read_table(compared.file("comparisons.parquet"), Comparison)
    unfinished = _unfinished_outputs(compared)
    return [
        _pair(comparison, annotation.preference, unfinished)
        for comparison, annotation in zip(comparisons, annotations, strict=True)
        if annotation.preference in (Preference.FIRST, Preference.SECOND) and comparison.output_1 != comparison.output_2
    ]


def write_json(path: Path, value: object) -> None:
    """Indented, with sorted keys and a last newline."""
    path.write_text(json.dumps(value, sort_keys=True, indent=1) + "\n")


def _unfinished_outputs(compared: Artifact) -> set[tuple[str, str]]:
    """(instruction key, text) of the answers that were cut at the token limit; recorded pairs count as finished."""
    file = compared.file("outputs.parquet")
    outputs = read_table(file, Output) if file.is_file() else []
    return {(o.instruction_key, o.output) for o in outputs if not o.is_finished}


def _pair(comparison: Comparison, preference: Preference | None, unfinished: set[tuple[str, str]]) -> PreferencePair:
    texts = (comparison.output_1, comparison.output_2)
    chosen, rejected = texts if preference is Preference.FIRST else texts[::-1]
    return PreferencePair(
        instruction=comparison.instruction,
        input=comparison.input,
        chosen=chosen,
        rejected=rejected,
        chosen_is_finished=(comparison.instruction_key, chosen) not in unfinished,
        rejected_is_finished=(comparison.instruction_key, rejected) not in unfinished,
        history=comparison.history,
    )
