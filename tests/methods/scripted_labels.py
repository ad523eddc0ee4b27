"""An annotator for tests of methods that ask for labels: the longer answer wins (of equally long ones the later in
the alphabet), every nth comparison has no order."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from farm.records import Comparison, Preference


@dataclass(frozen=True, kw_only=True)
class LongerWins:
    """Remembers what it was asked."""

    budget: int
    no_order_every: int | None = None
    """Answer None, then TIE, in turn, at every nth comparison of a request; None for never."""
    dies_at: int | None = None
    """The request in which the process is killed."""
    requests: dict[int, list[Comparison]] = field(default_factory=dict)

    def label(self, comparisons: Sequence[Comparison], request: int) -> list[Preference | None]:
        if request == self.dies_at:
            raise KeyboardInterrupt
        self.requests[request] = list(comparisons)
        assert sum(map(len, self.requests.values())) <= self.budget
        return [self._verdict(place, comparison) for place, comparison in enumerate(comparisons)]

    def _verdict(self, place: int, comparison: Comparison) -> Preference | None:
        if self.no_order_every and place % self.no_order_every == 0:
            return None if place % (2 * self.no_order_every) == 0 else Preference.TIE
        first, second = ((len(text), text) for text in (comparison.output_1, comparison.output_2))
        return Preference.TIE if first == second else Preference.FIRST if first > second else Preference.SECOND
