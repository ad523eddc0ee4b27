"""A panel whose members are named in YAML, so that any of them can be changed or left out there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from farm.judges.judge import Judge


@dataclass(frozen=True, kw_only=True)
class NamedPanel:
    """Judges by name (`farm.judges.judge.Panel`)."""

    key_name: ClassVar[str] = "NamedPanel"

    judges: Mapping[str, Judge | None]
    """The members; null leaves one out. The key says only where a member stands in the YAML."""

    def __post_init__(self) -> None:
        names = [judge.name for judge in self.judges.values() if judge is not None]
        if not names:
            raise ValueError("judges: expected at least one member")
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"judges: two members have the name {twice[0]!r}; every annotation is told by it")

    def members(self) -> Sequence[Judge]:
        return [judge for judge in self.judges.values() if judge is not None]
