"""What artifacts were made from: manifests, parents, and everything further back."""

from collections.abc import Mapping
from typing import Any

from farm.bounded.json_text import read_json_object
from farm.store.artifacts import Artifact, ArtifactError, Store
from farm.store.cost import cost_of


def manifest_of(artifact: Artifact) -> dict[str, Any]:
    """What the artifact was made from, what it took, and its files.

    Raises:
        ArtifactError: there is no manifest, or it does not say.
    """
    file = artifact.file("manifest.json")
    try:
        manifest: dict[str, Any] = read_json_object(file)
        cost_of(manifest)
        if not isinstance(manifest["parents"], dict) or not isinstance(manifest["component"], dict):
            raise ValueError("expected `parents` and `component` by name")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            f"{file} is corrupt: {error}. Delete the folder {artifact.path}; the next run makes it anew"
        ) from error
    return manifest


def artifacts_by_key(store: Store) -> dict[str, Artifact]:
    """Every artifact under the store's root."""
    paths = (store.root / "artifacts").glob("*/[0-9a-f]*")
    return {path.name: Artifact(kind=path.parent.name, key=path.name, path=path) for path in paths}


def parents_of(by_key: Mapping[str, Artifact], artifact: Artifact) -> dict[str, Artifact]:
    """What it was made from, by role.

    Args:
        by_key: all artifacts of the root.
        artifact: one of them.

    Raises:
        ArtifactError: one is not there any more.
    """
    keys = manifest_of(artifact)["parents"]
    gone = [f"{role} {key}" for role, key in keys.items() if key not in by_key]
    if gone:
        raise ArtifactError(
            f"{artifact.path} was made from {', '.join(gone)}, which is gone; run the same command again: "
            "what is missing will be made anew"
        )
    return {role: by_key[key] for role, key in keys.items()}


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
