"""What a judge is: comparison -> verdict. One prompt + one model + one parser, or anything that acts like it.

And what a panel is: the judges that an annotator draws from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from farm.calls.request import Calls
from farm.records import Comparison, Verdict


class Judge(Protocol):
    """Says which of two outputs is better."""

    @property
    def name(self) -> str:
        """Unique within its panel; part of every annotation."""

    def verdicts(
        self,
        comparisons: Sequence[Comparison],
        first_shown: Sequence[int],
        seed: int,
        *,
        sample: int = 0,
        calls: Calls,
    ) -> list[Verdict]:
        """One verdict per comparison, in order and un-swapped (FIRST means output_1, whichever was shown first).

        Args:
            comparisons: what to judge.
            first_shown: for each comparison 1 or 2, the output that this judge sees first.
            seed: all of the judge's own randomness is keyed by (seed, sample, judge name, comparison.pair_key).
            sample: index among several verdicts of this judge on the same comparison in the same order.
            calls: answers requests to models; may be used from several threads.
        """


class Panel(Protocol):
    """The judges an annotator draws from; a population of simulated ones is a panel too."""

    def members(self) -> Sequence[Judge]:
        """All judges, in a fixed order."""


@dataclass(frozen=True, kw_only=True)
class NamedPanel:
    """A panel whose members are named in YAML, so that any of them can be changed or left out there."""

    key_name: ClassVar[str] = "NamedPanel"

    judges: Mapping[str, Judge | None]
    """The members; null leaves one out. The key says only where a member stands in the YAML."""

    def __post_init__(self) -> None:
        names = [judge.name for judge in self.judges.values() if judge is not None]
        if not names:
            raise ValueError("judges: expected at least one member")
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"judges: two members have the name {twice[0]!r}; annotations name the judge by it")

    def members(self) -> Sequence[Judge]:
        return [judge for judge in self.judges.values() if judge is not None]


@dataclass(frozen=True, kw_only=True)
class FixedPanel:
    """A panel that lists its judges."""

    key_name: ClassVar[str] = "FixedPanel"

    judges: tuple[Judge, ...]
    """All members."""

    def members(self) -> Sequence[Judge]:
        return self.judges
