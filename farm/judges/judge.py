"""What a judge is: comparison -> verdict. One prompt + one model + one parser, or anything that acts like it."""

from collections.abc import Sequence
from typing import Protocol

from farm.calls.request import NO_CALLS, Calls
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
        calls: Calls = NO_CALLS,
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
