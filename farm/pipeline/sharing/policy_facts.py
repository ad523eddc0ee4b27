"""What a root knows about one policy: how it was trained, on whose feedback, from what, and how it was judged."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from farm.bounded.json_text import read_json_object
from farm.errors import UserError
from farm.pipeline.artifact_files import load_policy
from farm.pipeline.judging.collapse import NOTES
from farm.records import Policy, Standing
from farm.store.ancestry import ancestors_of, artifacts_by_key, manifest_of, parents_of
from farm.store.artifacts import Artifact, Store
from farm.store.tables import read_table

_OF_POLICIES = ("policy", "selection")
"""Kinds of artifacts that hold a policy."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The policy's win rate by one evaluation annotator, and who that is."""

    standing: Standing
    judges: tuple[str, ...]
    """The judges behind the annotator, and their models where they are prompted."""
    key: str
    """Of the standings."""


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """Labels that the policy, or a reward model behind it, was trained on."""

    annotator: str
    judges: tuple[str, ...]
    noise: tuple[str, ...]
    """Noise stages put over the verdicts."""
    n_labels: int
    """Labels asked for; 0 where they were recorded elsewhere."""
    key: str
    """Of the artifact that holds them."""


@dataclass(frozen=True, kw_only=True)
class Ancestor:
    """Something that the policy was made from."""

    kind: str
    key: str
    name: str
    """Of the method, annotator or dataset; empty where it has none."""
    seed: int
    made_from: tuple[str, ...]
    """Keys, each once."""


@dataclass(frozen=True, kw_only=True)
class PolicyFacts:
    """One policy."""

    key: str
    policy: Policy
    method: str
    seed: int
    model: Mapping[str, Any]
    """Description of the base and its prompt, as in the manifest."""
    settings: Mapping[str, str]
    """Of every training on the way, by dotted name: method, SFT policy, reward model, base, dataset."""
    dataset: Mapping[str, Any]
    """Description of the dataset."""
    feedback: Sequence[Feedback]
    lineage: Sequence[Ancestor]
    """Everything behind it, each after what it was made from; itself last."""
    judged: Sequence[Judged]
    """Empty if nobody has judged it."""
    notes: Sequence[str]
    """Signs of trouble, a sentence each."""


def policy_facts(store: Store, given: str) -> PolicyFacts:
    """What is known about a policy.

    Args:
        store: the root.
        given: the key of its artifact, of the choice among its checkpoints, or of a run's standings; or the first
            characters of one.

    Raises:
        UserError: there is none, or several.
    """
    by_key = artifacts_by_key(store)
    artifact = _found(by_key, given)
    if artifact.kind == "standings":
        artifact = parents_of(by_key, artifact)["policy"]
    trained = artifact
    while "method" not in manifest_of(trained)["component"]:
        trained = parents_of(by_key, trained)["policy"]
    manifest = manifest_of(trained)
    component = manifest["component"]
    behind = _in_order([*ancestors_of(by_key, artifact), artifact])
    standings = [a for a in by_key.values() if a.kind == "standings" and _is_about(a, artifact)]
    return PolicyFacts(
        key=artifact.key,
        policy=load_policy(artifact),
        method=str(component["method"].get("name", "")),
        seed=int(manifest["seed"]),
        model=component["model"],
        settings={name: text for a in behind for name, text in _settings_of(a, is_last=a.key == trained.key)},
        dataset=next((manifest_of(a)["component"] for a in behind if a.kind == "dataset"), {}),
        feedback=[*_feedback_of(behind), *_feedback_while_training(trained)],
        lineage=[_ancestor(a) for a in behind],
        judged=[judged for a in sorted(standings, key=lambda a: a.key) for judged in _judged_of(a)],
        notes=sorted({note for a in standings for note in _notes_of(a)}),
    )


def _found(by_key: Mapping[str, Artifact], given: str) -> Artifact:
    kinds = (*_OF_POLICIES, "standings")
    found = [a for key, a in sorted(by_key.items()) if a.kind in kinds and given and key.startswith(given)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(
            f"policy={given}: {len(found)} keys begin so ({', '.join(a.key for a in found[:5])}); give more"
        )
    raise UserError(
        f"policy={given}: no policy, choice of a checkpoint or standings with this key is under this root; "
        "`farm run` prints the keys of what it made, and root/leaderboard those of each run"
    )


def _is_about(standings: Artifact, policy: Artifact) -> bool:
    return bool(manifest_of(standings)["parents"].get("policy") == policy.key)


def _judged_of(standings: Artifact) -> list[Judged]:
    annotators = manifest_of(standings)["component"]["evaluation"]["annotators"]
    return [
        Judged(standing=row, judges=judge_names(annotators.get(row.annotator_eval, {})), key=standings.key)
        for row in read_table(standings.file("standings.parquet"), Standing)
    ]


def _notes_of(standings: Artifact) -> list[str]:
    file = standings.file(NOTES)
    return [str(note) for note in read_json_object(file).get("notes", [])] if file.is_file() else []


def _feedback_of(behind: Sequence[Artifact]) -> list[Feedback]:
    return [_feedback(manifest_of(a)["component"], a) for a in behind if a.kind == "annotations"]


def _feedback_while_training(trained: Artifact) -> list[Feedback]:
    """Of a method that asks for labels of what it draws."""
    source = manifest_of(trained)["component"].get("labels")
    return [] if source is None else [_feedback(source.get("annotator", {}), trained)]


def _feedback(annotator: Mapping[str, Any], artifact: Artifact) -> Feedback:
    noise = annotator.get("noise") or ()
    return Feedback(
        annotator=str(annotator.get("name", "")),
        judges=judge_names(annotator),
        noise=tuple(str(stage.get("type", "")) for stage in noise if isinstance(stage, Mapping)),
        n_labels=int(manifest_of(artifact)["cost"]["labels"]),
        key=artifact.key,
    )


def judge_names(annotator: Mapping[str, Any]) -> tuple[str, ...]:
    """The judges of an annotator's description, each once: `name (kind, model)`, or the kind of a panel that is drawn.

    >>> judge_names({"panel": {"type": "farm:Panel", "judges": {"a": {"type": "farm:Rule", "name": "longest"}}}})
    ('longest (Rule)',)
    >>> judge_names({"panel": {"type": "farm:RubricPool", "n_judges": 13}})
    ('RubricPool',)
    """
    panel = annotator.get("panel", {})
    judges = panel.get("judges", ()) if isinstance(panel, Mapping) else ()
    listed = list(judges.values() if isinstance(judges, Mapping) else judges)
    if not listed:
        kind = panel.get("type") if isinstance(panel, Mapping) else None
        return (_kind(kind or annotator.get("type", "")),)
    return tuple(dict.fromkeys(_judge(judge) for judge in listed if isinstance(judge, Mapping)))


def _judge(judge: Mapping[str, Any]) -> str:
    model = judge.get("model")
    name = model.get("model", model.get("name")) if isinstance(model, Mapping) else model
    words = ", ".join(str(word) for word in (_kind(judge.get("type", "")), name) if word)
    return f"{judge.get('name', '')} ({words})"


def _kind(type_name: object) -> str:
    return str(type_name).rpartition(":")[2]


def _ancestor(artifact: Artifact) -> Ancestor:
    manifest = manifest_of(artifact)
    component = manifest["component"]
    named = component.get("method", component)
    name = named.get("name", "") if isinstance(named, Mapping) else ""
    made_from = tuple(dict.fromkeys(manifest["parents"].values()))
    return Ancestor(
        kind=artifact.kind, key=artifact.key, name=str(name), seed=int(manifest["seed"]), made_from=made_from
    )


def _in_order(artifacts: Sequence[Artifact]) -> list[Artifact]:
    """Each after its parents, as far as these are among them."""
    waiting = {a.key: set(manifest_of(a)["parents"].values()) for a in artifacts}
    by_key = {a.key: a for a in artifacts}
    ordered: list[Artifact] = []
    while waiting:
        key = next((key for key, parents in waiting.items() if not parents & waiting.keys()), next(iter(waiting)))
        del waiting[key]
        ordered.append(by_key[key])
    return ordered


def _settings_of(artifact: Artifact, *, is_last: bool) -> Iterator[tuple[str, str]]:
    """Of a training or a dataset; prompts stand elsewhere."""
    component = manifest_of(artifact)["component"]
    if artifact.kind == "dataset":
        yield from _flat("dataset", component)
    if "method" in component:
        yield from _flat("method" if is_last else str(component["method"].get("name", "policy")), component["method"])
    if is_last:
        model = {name: value for name, value in component["model"].items() if name != "prompt"}
        yield from _flat("model", {**model, "adapter": component.get("adapter")})
    if artifact.kind == "reward_model":
        yield from _flat("reward_model", component["reward_model"])


def _flat(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _flat(f"{name}.{key}", entry)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _flat(f"{name}.{index}", entry)
    else:
        yield name, "null" if value is None else str(value)
