"""Judges that read nothing: every real judge must beat them.

`longest` agrees with people on 62% of AlpacaEval's cross-annotated pairs (its published evaluator table).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from farm.calls.request import Calls
from farm.records import Comparison, Preference, Verdict
from farm.seeds import sample_seed, uniform_for

BaselineRule = Literal["longest", "shortest", "first_shown", "random", "constant"]


@dataclass(frozen=True, kw_only=True)
class BaselineJudge:
    """Judges by one rule that has nothing to do with quality."""

    key_name: ClassVar[str] = "BaselineJudge"

    name: str
    """Unique within its panel."""
    rule: BaselineRule
    """longest and shortest count characters, equal length is a tie; constant always says output_1."""

    def verdicts(
        self,
        comparisons: Sequence[Comparison],
        first_shown: Sequence[int],
        seed: int,
        *,
        sample: int = 0,
        calls: Calls,  # noqa: ARG002
    ) -> list[Verdict]:
        return [
            Verdict(preference=self._preference(comparison, first, sample_seed(seed, sample)))
            for comparison, first in zip(comparisons, first_shown, strict=True)
        ]

    def _preference(self, comparison: Comparison, first_shown: int, seed: int) -> Preference:
        if self.rule == "constant":
            return Preference.FIRST
        if self.rule == "first_shown":
            return Preference.FIRST if first_shown == 1 else Preference.SECOND
        if self.rule == "random":
            prefers_smaller = uniform_for(seed, f"random judge {self.name}", comparison.pair_key) < 0.5
            return (
                Preference.FIRST
                if prefers_smaller == (comparison.output_1 <= comparison.output_2)
                else Preference.SECOND
            )
        gap = len(comparison.output_1) - len(comparison.output_2)
        if gap == 0:
            return Preference.TIE
        return Preference.FIRST if (gap > 0) == (self.rule == "longest") else Preference.SECOND
