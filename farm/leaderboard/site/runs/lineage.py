"""Runs with everything that they rest on, read from the manifests of their artifacts."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from farm.bounded.json_text import read_json
from farm.leaderboard.site.inputs import RunRecord, StageRecord
from farm.store.ancestry import manifest_of
from farm.store.artifacts import Artifact
from farm.store.cost import cost_of

TIMINGS = "timings.jsonl"
"""Beside a policy: seconds by phase, a line a step."""
_NOT_SECONDS = ("step", "samples_per_second")


def run_record(by_key: Mapping[str, Artifact], standings: Artifact) -> RunRecord:
    """One run as its page shows it.

    Args:
        by_key: all artifacts of the root (`farm.store.ancestry.artifacts_by_key`).
        standings: the run's.

    Raises:
        ArtifactError: a manifest on the way is corrupt.
    """
    stages: dict[str, StageRecord] = {}
    gone: set[str] = set()
    waiting = [standings]
    while waiting:
        artifact = waiting.pop()
        if artifact.key in stages:
            continue
        stages[artifact.key] = stage = _stage(artifact)
        gone |= {key for key in stage.parents.values() if key not in by_key}
        waiting += [by_key[key] for key in stage.parents.values() if key in by_key]
    depths = _depths(stages, standings.key)
    ordered = sorted(stages.values(), key=lambda stage: (depths[stage.key], stage.kind, stage.key))
    return RunRecord(key=standings.key, stages=ordered, n_gone=len(gone))


def _depths(stages: Mapping[str, StageRecord], start: str) -> dict[str, int]:
    """Stages on the longest way from the start: each lies deeper than all that is made from it."""
    depths: dict[str, int] = defaultdict(int)
    waiting = [start]
    while waiting:
        key = waiting.pop()
        for parent in stages[key].parents.values():
            if parent in stages and depths[parent] <= depths[key]:
                depths[parent] = depths[key] + 1
                waiting.append(parent)
    return depths


def _stage(artifact: Artifact) -> StageRecord:
    manifest = manifest_of(artifact)
    settings: dict[str, str] = {}
    _flatten(manifest["component"], "", settings)
    machine = manifest.get("machine", {})
    return StageRecord(
        kind=artifact.kind,
        key=artifact.key,
        parents={str(role): str(key) for role, key in manifest["parents"].items()},
        settings=settings,
        cost=cost_of(manifest),
        seed=manifest["seed"],
        machine=", ".join(f"{name} {value}" for name, value in sorted(machine.items())),
        phases=_phases(artifact.file(TIMINGS)),
    )


def _flatten(value: object, name: str, into: dict[str, str]) -> None:
    if isinstance(value, Mapping):
        for key, entry in value.items():
            _flatten(entry, f"{name}.{key}".lstrip("."), into)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            _flatten(entry, f"{name}.{index}", into)
    else:
        into[name] = str(value)


def _phases(file: Path) -> dict[str, float]:
    """Seconds by phase; a file that was cut off counts as far as it can be read."""
    seconds: dict[str, float] = defaultdict(float)
    lines = file.read_text("utf-8", "replace").splitlines() if file.is_file() else []
    for line in lines:
        try:
            step = read_json(line)
        except ValueError:
            break
        for name, value in step.items() if isinstance(step, dict) else ():
            if isinstance(value, float) and name not in _NOT_SECONDS:
                seconds[name] += value
    return dict(seconds)
