"""What annotations come to: how many preferences, ties, and verdicts that are missing, by reason."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from farm.calls.request import NOT_ASKED
from farm.plain_text import one_line
from farm.records import Annotation, Preference
from farm.wording import counted

MAX_REASONS = 5
"""That a summary spells out."""
MAX_EXAMPLES = 3
"""Reasons that a warning gives an example of."""
MAX_REASON = 100
MAX_EXAMPLE = 100
"""Characters."""
_NOT_ASKED = NOT_ASKED.strip(" :")


@dataclass(kw_only=True)
class Tally:
    """Sums over annotations, added as they come."""

    n: int = 0
    n_noised: int = 0
    """Changed by the noise stage."""
    preferences: Counter[Preference] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    """Why there is no verdict; without what stands in brackets, which differs from row to row."""

    examples: dict[str, str] = field(default_factory=dict)
    """For each reason the end of the first reply that it holds for, as text on one line; else what the reason says."""

    @property
    def n_unparsed(self) -> int:
        return sum(self.reasons.values())

    def shortfall(self, who: str, max_unparsed: float) -> list[str]:
        """What to say first where too few verdicts could be read; empty if enough could, or nothing was asked.

        Args:
            who: the annotator.
            max_unparsed: the share of comparisons without a verdict from which on it is too few; all are always.
        """
        reasons = Counter({reason: n for reason, n in self.reasons.items() if not reason.startswith(_NOT_ASKED)})
        n_unparsed = sum(reasons.values())
        n_asked = self.n - self.n_unparsed + n_unparsed
        if not n_unparsed or (n_unparsed < n_asked and n_unparsed <= max_unparsed * n_asked):
            return []
        share = (
            f"{n_unparsed:,} of {counted(n_asked, 'comparison')} got no verdict (calls.max_unparsed={max_unparsed:g})"
        )
        none = f"none of {counted(n_asked, 'comparison')} got a verdict"
        lines = [f"warning: {who}: {none if n_unparsed == n_asked else share}; most often:"]
        for reason, n in reasons.most_common(MAX_EXAMPLES):
            example = self.examples.get(reason, "")
            lines.append(f"  {n:,}: {reason}" + (f", for example {example}" if example else ""))
        return lines

    def add(self, annotations: Iterable[Annotation]) -> None:
        """Count some more."""
        for annotation in annotations:
            self.n += 1
            self.n_noised += annotation.is_noised
            if annotation.preference is None:
                reason, _, details = annotation.unparsed_reason.partition(" (")
                self.reasons[reason[:MAX_REASON]] += 1
                if reason[:MAX_REASON] not in self.examples:
                    said = one_line(annotation.raw_reply or details.removesuffix(")"))
                    self.examples[reason[:MAX_REASON]] = shortened(said, MAX_EXAMPLE)
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


def shortened(text: str, n_characters: int) -> str:
    """The end of a text, in quotes; empty if there is none."""
    if not text:
        return ""
    return f"'{text if len(text) <= n_characters else '...' + text[-n_characters:]}'"
