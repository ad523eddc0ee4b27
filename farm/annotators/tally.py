"""What annotations come to: how many preferences, ties, and verdicts that are missing, by reason."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from farm.records import Annotation, Preference
from farm.wording import counted

MAX_REASONS = 5
"""That a summary spells out."""


@dataclass(kw_only=True)
class Tally:
    """Sums over annotations, added as they come."""

    n: int = 0
    n_noised: int = 0
    """Changed by the noise stage."""
    preferences: Counter[Preference] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    """Why there is no verdict; without what stands in brackets, which differs from row to row."""

    @property
    def n_unparsed(self) -> int:
        return sum(self.reasons.values())

    @property
    def failure(self) -> str:
        """Why the run is one: nothing that was asked got a verdict; empty if something did, or nothing was asked."""
        if not self.n or self.n_unparsed < self.n:
            return ""
        ((reason, n),) = self.reasons.most_common(1)
        return f"none of {counted(self.n, 'comparison')} got a verdict; most often ({n:,}): {reason}"

    def add(self, annotations: Iterable[Annotation]) -> None:
        """Count some more."""
        for annotation in annotations:
            self.n += 1
            self.n_noised += annotation.is_noised
            if annotation.preference is None:
                self.reasons[annotation.unparsed_reason.split(" (")[0][:100]] += 1
            else:
                self.preferences[annotation.preference] += 1

    def lines(self) -> list[str]:
        """For people."""
        counts = [
            f"{self.preferences[side]:,} prefer {side.name.lower()}" for side in (Preference.FIRST, Preference.SECOND)
        ]
        noised = f"; noise changed {self.n_noised:,}" if self.n_noised else ""
        lines = [
            f"{counts[0]}, {counts[1]}, {self.preferences[Preference.TIE]:,} ties, {self.n_unparsed:,} unparsed{noised}"
        ]
        lines += [f"  unparsed {n:,}: {reason}" for reason, n in self.reasons.most_common(MAX_REASONS)]
        if len(self.reasons) > MAX_REASONS:
            lines.append(f"  ... and {len(self.reasons) - MAX_REASONS} other reasons")
        return lines
