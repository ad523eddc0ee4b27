"""What artifacts were made from: manifests, parents, and everything further back."""

from collections.abc import Mapping
from typing import Any

from farm.bounded.json_text import read_json_object
from farm.store.artifacts import Artifact, Store


def manifest_of(artifact: Artifact) -> dict[str, Any]:
    """What the artifact was made from, what it took, and its files."""
    return read_json_object(artifact.file("manifest.json"))


def artifacts_by_key(store: Store) -> dict[str, Artifact]:
    """Every artifact under the store's root."""
    paths = (store.root / "artifacts").glob("*/[0-9a-f]*")
    return {path.name: Artifact(kind=path.parent.name, key=path.name, path=path) for path in paths}


def parents_of(by_key: Mapping[str, Artifact], artifact: Artifact) -> dict[str, Artifact]:
    """What it was made from, by role.

    Args:
        by_key: all artifacts of the root.
        artifact: one of them.
    """
    return {role: by_key[key] for role, key in manifest_of(artifact)["parents"].items()}


def ancestors_of(by_key: Mapping[str, Artifact], artifact: Artifact) -> list[Artifact]:
    """Everything that it rests on and that is still there, each once, ordered by key."""
    ancestors: dict[str, Artifact] = {}
    waiting = list(manifest_of(artifact)["parents"].values())
    while waiting:
        key = waiting.pop()
        if key in by_key and key not in ancestors:
            ancestors[key] = by_key[key]
            waiting += manifest_of(ancestors[key])["parents"].values()
    return [ancestors[key] for key in sorted(ancestors)]
