"""What a reply says, before anybody knows which output was shown first."""

from typing import NamedTuple, Protocol

from farm.calls.request import Reply
from farm.records import Preference


class Reading(NamedTuple):
    """What a reply says of one pair as it was shown: FIRST is the output that was shown first."""

    preference: Preference | None
    """None if there is no verdict, and then `reason` says why."""
    p_first: float | None = None
    """Probability that the output shown first is better, where the reply tells it."""
    reason: str = ""
    score_gap: float | None = None
    """Score of the output shown first minus that of the other, where the reply scores them."""

    def unswapped(self, first_shown: int) -> "Reading":
        """The same reading with FIRST meaning output_1.

        Args:
            first_shown: which output was shown first, 1 or 2.
        """
        if first_shown == 1 or self.preference is None:
            return self
        return self._replace(
            preference=self.preference.swapped,
            p_first=None if self.p_first is None else 1.0 - self.p_first,
            score_gap=None if self.score_gap is None else -self.score_gap,
        )


class ReplyParser(Protocol):
    """Reads verdicts out of a reply. It sees nothing but the reply, so that judged text is not parsed."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Continuations to score instead of generating a reply, where a local model judges; empty to generate."""

    def readings(self, reply: Reply, n_pairs: int) -> list[Reading]:
        """Exactly one reading per pair, in the order of the prompt."""


def no_verdict(reason: str) -> Reading:
    """A reading without a verdict. What differs from reply to reply stands in brackets at the end of the reason."""
    return Reading(preference=None, reason=reason)


def unreadable(reason: str, text: str, *details: str) -> Reading:
    """A reading without a verdict, with the end of the reply."""
    return no_verdict(f"{reason} ({'; '.join((*details, f'it says {excerpt(text)}'))})")


def wrong_count(n_verdicts: int, n_pairs: int, text: str) -> Reading:
    """No verdict, because the reply does not hold one for each pair."""
    return unreadable("another number of verdicts than pairs", text, f"{n_verdicts} for {n_pairs}")


def soft_reading(p_first: float) -> Reading:
    """The reading of a probability; exactly one half is a tie."""
    if p_first == 0.5:
        return Reading(Preference.TIE, p_first)
    return Reading(Preference.FIRST if p_first > 0.5 else Preference.SECOND, p_first)


def compared(first: float, second: float) -> Reading:
    """The reading of two scores; equal scores are a tie."""
    gap = first - second
    if gap == 0:
        return Reading(Preference.TIE, score_gap=gap)
    return Reading(Preference.FIRST if gap > 0 else Preference.SECOND, score_gap=gap)


def excerpt(text: str, n_characters: int = 80) -> str:
    """The end of a reply, on one line, for a reason."""
    flat = " ".join(text.split())
    return repr(flat if len(flat) <= n_characters else "..." + flat[-n_characters:])
