"""Where an artifact comes from: what its ancestors were set to, and what they cost."""

import json
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

from farm.compare.costs import RunCost
from farm.records import Standing
from farm.store.artifacts import Artifact, Store, cost_of
from farm.store.cost import Cost


def differences(settings: Sequence[Mapping[str, str]], keys: Sequence[str]) -> list[str]:
    """' (beta=0.5)' per run, from the settings that are not the same in all of them; the artifact's key if none is."""
    names = sorted({name for each in settings for name in each})
    differing = [name for name in names if len({each.get(name) for each in settings}) > 1]
    if not differing:
        return [f" ({key[:4]})" for key in keys]
    return [" (" + ", ".join(f"{n.split('.')[-1]}={each.get(n, 'none')}" for n in differing) + ")" for each in settings]


def cost_of_run(store: Store, standings: Artifact, first: Standing) -> RunCost:
    """What one run took.

    Args:
        store: where its ancestors are.
        standings: the run's standings artifact.
        first: one of its rows, which names it.
    """
    parents = _manifest(standings)["parents"]
    by_key = _by_key(store)
    policy = by_key[parents["policy"]]
    training = [policy, *_ancestors(by_key, _manifest(policy))]
    answering = [by_key[parents[role]] for role in ("answers", "outputs")]
    return RunCost(
        method=first.method,
        annotator_train=first.annotator_train,
        seed=first.seed,
        training=_total(training),
        answering=_total(answering),
        n_answers=first.n_instructions,
    )


def settings_of(store: Store, artifact: Artifact) -> dict[str, str]:
    """Every setting of the artifact and its ancestors as dotted name -> text."""
    found: dict[str, str] = {}
    manifest = _manifest(artifact)
    _flatten(manifest["component"], artifact.kind, found)
    for parent in _ancestors(_by_key(store), manifest):
        _flatten(_manifest(parent)["component"], parent.kind, found)
    return found


def _ancestors(by_key: Mapping[str, Artifact], manifest: Mapping[str, Any]) -> list[Artifact]:
    found: dict[str, Artifact] = {}
    waiting = list(manifest["parents"].values())
    while waiting:
        key = waiting.pop()
        if key in by_key and key not in found:
            found[key] = by_key[key]
            waiting += _manifest(found[key])["parents"].values()
    return [found[key] for key in sorted(found)]


def _by_key(store: Store) -> dict[str, Artifact]:
    paths = (store.root / "artifacts").glob("*/[0-9a-f]*")
    return {path.name: Artifact(kind=path.parent.name, key=path.name, path=path) for path in paths}


def _manifest(artifact: Artifact) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(artifact.file("manifest.json").read_text())
    return manifest


def _total(artifacts: Sequence[Artifact]) -> Cost:
    return reduce(add, (cost_of(_manifest(artifact)) for artifact in artifacts), Cost())


def _flatten(value: object, name: str, into: dict[str, str]) -> None:
    if isinstance(value, Mapping):
        for key, entry in value.items():
            _flatten(entry, f"{name}.{key}", into)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            _flatten(entry, f"{name}.{index}", into)
    else:
        into.setdefault(name, str(value))
