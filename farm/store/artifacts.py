"""Artifacts: folders named by the hash of what made them, so that nothing is ever computed twice.

An artifact lies in `root/artifacts/<kind>/<key>/`. Its key hashes the kind and its version, the description of the
component that made it (settings, prompt texts, contents of files), the keys of its parents and the seed. A class stands
in the description under the `key_name` that it declares, so that moving or renaming it orphans nothing. An artifact is
built in a folder beside and renamed into place with `manifest.json` written last: "exists" means "complete". A file
lock per key lets two processes share one root; a killed build starts again, or resumes from its scratch folder, which
goes when the build is done, or has diverged.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from farm.addresses import with_shown_values
from farm.bounded.json_text import read_json_object
from farm.disk import disk_problem
from farm.errors import DivergedError, UserError
from farm.store.cost import Cost, cost_of, measured, peak_memory_mb
from farm.store.keys import describe, digest_of_file
from farm.store.machine import this_machine
from farm.tracking.curves import Subject, making

DIGEST_LIMIT_BYTES = 64 * 2**20
"""Larger files are checked by size only when an artifact is opened."""
_MANIFEST = "manifest.json"
_FORMAT_FILE = "format.json"
FORMAT = 2
"""Of keys and manifests; 1 had module paths in its keys and wrote no format.json."""


class ArtifactError(UserError):
    """An artifact cannot be read or written; the message names it and says what to do."""


class MissingArtifactError(ArtifactError):
    """A read-only store was asked for an artifact that nobody has made."""


class Stage(NamedTuple):
    """A kind of artifact. Raise `version` when the code that makes it changes its results."""

    kind: str
    version: int


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A finished folder."""

    kind: str
    key: str
    path: Path

    def file(self, name: str) -> Path:
        return self.path / name


@dataclass(frozen=True, kw_only=True)
class StageReport:
    """What happened to one artifact during this run."""

    artifact: Artifact
    is_reused: bool
    cost: Cost
    """What it took to make it, now or when it was made."""


class Readable(NamedTuple):
    """The artifacts of one kind that can be used."""

    artifacts: tuple[Artifact, ...]
    skipped: tuple[str, ...]
    """One sentence for each that cannot."""


class Store:
    """All artifacts under one root, and a report of what this process reused and made."""

    def __init__(self, root: Path, *, is_read_only: bool = False) -> None:
        self.root = root.resolve()
        _check_format(self.root / "artifacts")
        self.is_read_only = is_read_only
        self.reports: list[StageReport] = []
        self._verified: set[Path] = set()
        if not is_read_only:
            _remove_dead_drafts(self.root)

    def get(
        self,
        stage: Stage,
        *,
        component: object,
        parents: Mapping[str, Artifact],
        seed: int,
        build: Callable[[Path, Path], None],
    ) -> Artifact:
        """The artifact made from these; builds it unless it exists.

        Args:
            stage: kind and version.
            component: everything that `describe` must see: settings as a dataclass or a mapping.
            parents: the artifacts it is made from, by role.
            seed: the seed of its random draws.
            build: `build(output_dir, scratch_dir)` fills the empty output_dir; scratch_dir survives a killed build.

        Raises:
            ArtifactError: an existing artifact is corrupt, or the disk is full.
            MissingArtifactError: the store is read-only and the artifact does not exist.
        """
        identity = {
            "kind": stage.kind,
            "version": stage.version,
            "component": describe(component),
            "parents": {role: parent.key for role, parent in parents.items()},
            "seed": seed,
        }
        key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
        path = self.root / "artifacts" / stage.kind / key
        artifact = Artifact(kind=stage.kind, key=key, path=path)
        is_reused = self._complete(path)
        if not is_reused and self.is_read_only:
            raise MissingArtifactError(f"{stage.kind} {key} has not been made under {self.root}")
        if not is_reused:
            with self._lock(path):
                is_reused = self._complete(path)
                if not is_reused:
                    self._build(artifact, identity, build)
        manifest = self._verify(artifact)
        self.reports.append(StageReport(artifact=artifact, is_reused=is_reused, cost=cost_of(manifest)))
        return artifact

    def readable(self, kind: str) -> Readable:
        """Every complete artifact of a kind, verified, ordered by key; what is corrupt is left out and named."""
        kept, skipped = list[Artifact](), list[str]()
        for path in sorted((self.root / "artifacts" / kind).glob("[0-9a-f]*")):
            if self._complete(path):
                artifact = Artifact(kind=kind, key=path.name, path=path)
                try:
                    self._verify(artifact)
                    kept.append(artifact)
                except ArtifactError as error:
                    skipped.append(str(error))
        return Readable(tuple(kept), tuple(skipped))

    def owner(self, path: Path) -> Artifact:
        """The artifact that holds a path.

        Raises:
            ArtifactError: the path lies outside this store.
        """
        try:
            kind, key = path.resolve().relative_to(self.root / "artifacts").parts[:2]
        except ValueError:
            raise ArtifactError(f"{path} does not lie in an artifact under {self.root}") from None
        return Artifact(kind=kind, key=key, path=self.root / "artifacts" / kind / key)

    def peak_memory_mb(self) -> float:
        """Largest resident size of this process, in MB: now, or while it made one of the artifacts."""
        return max([peak_memory_mb(), *(r.cost.peak_memory_mb for r in self.reports if not r.is_reused)])

    def _complete(self, path: Path) -> bool:
        return (path / _MANIFEST).is_file()

    def _lock(self, path: Path) -> FileLock:
        locks = self.root / "locks"
        try:
            locks.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArtifactError(f"root={self.root}: no artifacts can be kept here: {error.strerror}") from error
        lock = _lock_file(self.root, path)
        try:
            lock.acquire(timeout=2.0)
        except Timeout:
            print(f"waiting for {path.parent.name} {path.name}: another process is making it", flush=True)
            lock.acquire()
        lock.release()
        return lock

    def _build(self, artifact: Artifact, identity: Mapping[str, object], build: Callable[[Path, Path], None]) -> None:
        output_dir = artifact.path.with_name(f".{artifact.key}.building")
        scratch_dir = artifact.path.with_name(f".{artifact.key}.scratch")
        try:
            for leftover in (output_dir, artifact.path):
                shutil.rmtree(leftover, ignore_errors=True)
            output_dir.mkdir(parents=True)
            _write_format(self.root / "artifacts")
            scratch_dir.mkdir(exist_ok=True)
            # The key knows the whole address; who reads the manifest, or looks at curves, need not.
            identity = {**identity, "component": with_shown_values(identity["component"])}
            subject = Subject(key=artifact.key, settings=identity, scratch_dir=scratch_dir)
            with measured(scratch_dir / "cost.json") as tally, making(subject):
                build(output_dir, scratch_dir)
            cost = tally.total()
            files = {
                file.relative_to(output_dir).as_posix(): {"bytes": file.stat().st_size, "sha256": digest_of_file(file)}
                for file in sorted(output_dir.rglob("*"))
                if file.is_file()
            }
            manifest = {**identity, "cost": asdict(cost), "files": files, "machine": this_machine()}
            _write_durably(output_dir / _MANIFEST, json.dumps(manifest, sort_keys=True, indent=1))
            output_dir.rename(artifact.path)
            shutil.rmtree(scratch_dir, ignore_errors=True)
        except Exception as error:
            shutil.rmtree(output_dir, ignore_errors=True)
            if isinstance(error, DivergedError):
                shutil.rmtree(scratch_dir, ignore_errors=True)
            problem = disk_problem(error)
            if problem is None:
                raise
            raise ArtifactError(
                f"{artifact.kind} {artifact.key} could not be made under {self.root}: {problem}. "
                "Nothing half-finished is left in place; the same command goes on from here."
            ) from error

    def _verify(self, artifact: Artifact) -> dict[str, object]:
        """Check the manifest's sizes and digests, once per process."""
        try:
            manifest = read_json_object(artifact.path / _MANIFEST)
            cost_of(manifest)
            files: dict[str, dict[str, object]] = manifest["files"]
            if artifact.path not in self._verified:
                for name, expected in files.items():
                    _verify_file(artifact.path / name, expected)
                self._verified.add(artifact.path)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ArtifactError(
                f"{artifact.kind} {artifact.key} is corrupt: {error}. Delete the folder {artifact.path} and run the "
                "same command again: it will be made anew."
            ) from error
        return manifest


def _remove_dead_drafts(root: Path) -> None:
    """Remove half-built folders whose lock nobody holds; scratch folders stay, for their runs go on from them."""
    for draft in (root / "artifacts").glob("*/.*.building"):
        lock = _lock_file(root, draft.with_name(draft.stem.removeprefix(".")))
        try:
            with lock.acquire(blocking=False):
                shutil.rmtree(draft, ignore_errors=True)
        except (Timeout, OSError):  # somebody is building it, or it is not ours to remove
            continue


def _lock_file(root: Path, path: Path) -> FileLock:
    return FileLock(root / "locks" / f"{path.parent.name}-{path.name}.lock")


def _check_format(artifacts: Path) -> None:
    """Raise ArtifactError if the artifacts have keys of another format: none would be found, and all made twice."""
    file = artifacts / _FORMAT_FILE
    try:
        found = read_json_object(file)["format"] if file.is_file() else None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{file} is corrupt ({error}); it should read {_format_text().strip()}") from error
    if found is None and any(artifacts.glob(f"*/[0-9a-f]*/{_MANIFEST}")):
        found = 1
    if found not in (None, FORMAT):
        raise ArtifactError(
            f"root={artifacts.parent}: its artifacts have keys of format {found}, this version reads and writes format "
            f"{FORMAT}; give another root=DIR, or delete the folder"
        )


def _write_format(artifacts: Path) -> None:
    file = artifacts / _FORMAT_FILE
    if not file.is_file():
        beside = file.with_name(f".{_FORMAT_FILE}.{os.getpid()}")
        beside.write_text(_format_text())
        beside.rename(file)


def _format_text() -> str:
    return json.dumps({"format": FORMAT}) + "\n"


def _verify_file(path: Path, expected: Mapping[str, object]) -> None:
    size = path.stat().st_size
    if size != expected["bytes"]:
        raise ValueError(f"{path.name} has {size} bytes, the manifest says {expected['bytes']}")
    if size <= DIGEST_LIMIT_BYTES and digest_of_file(path) != expected["sha256"]:
        raise ValueError(f"the contents of {path.name} changed since it was made")


def _write_durably(path: Path, text: str) -> None:
    with path.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
