"""What the key of an artifact is a hash of: components described by the values that determine their results."""

import dataclasses
import enum
import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path


def describe(value: object) -> object:
    """A JSON value that determines the results of a component.

    Dataclass fields with `metadata={"in_key": False}` (devices, micro-batch sizes, paths of caches) are left out;
    so are fields with `"in_key": "unless_default"` that hold it, for a setting that came later moves no older key.
    Fields with `metadata={"is_path": True}` and all `Path`s stand for the contents of the file or folder they name.

    Raises:
        TypeError: the value holds something that has no description, or a class of this package without a `key_name`.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields: dict[str, object] = {"type": key_name_of(type(value))}
        for field in dataclasses.fields(value):
            content, in_key = getattr(value, field.name), field.metadata.get("in_key", True)
            if in_key and not (in_key == "unless_default" and content == field.default):
                fields[field.name] = describe(Path(content) if field.metadata.get("is_path") else content)
        return fields
    if isinstance(value, Path):
        return digest_of_path(value) if value.exists() else str(value)
    if isinstance(value, enum.Enum):
        return describe(value.value)
    if isinstance(value, Mapping):
        return {str(name): describe(entry) for name, entry in value.items()}
    if isinstance(value, tuple | list):
        return [describe(entry) for entry in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"cannot describe a {type(value).__name__} in an artifact key: {value!r}")


def key_name_of(kind: type) -> str:
    """What a class is called in artifact keys: `farm:PPO`, package and declared name.

    A class outside this package without a declared name is named by where it lies.
    """
    package = kind.__module__.partition(".")[0]
    declared = vars(kind).get("key_name")
    if declared is None and package == __name__.partition(".")[0]:
        raise TypeError(f'{kind.__qualname__}: declare `key_name: ClassVar[str] = "..."`, its name in artifact keys')
    return f"{kind.__module__}.{kind.__qualname__}" if declared is None else f"{package}:{declared}"


def digest_of_path(path: Path) -> str:
    """sha256 of a file, or of a folder's file names and contents."""
    files = sorted(f for f in path.rglob("*") if f.is_file()) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        name = file.relative_to(path).as_posix() if path.is_dir() else ""
        status = file.stat()
        digest.update(f"{name}\0{_remembered_digest(file, status.st_size, status.st_mtime_ns)}\n".encode())
    return "sha256:" + digest.hexdigest()


@functools.lru_cache(maxsize=4096)
def _remembered_digest(path: Path, size: int, modified_ns: int) -> str:  # noqa: ARG001
    """A large base checkpoint is in many keys: read it once per process unless it changes."""
    return digest_of_file(path)


def digest_of_file(path: Path) -> str:
    """sha256 of a file's contents."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
