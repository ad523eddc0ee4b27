"""Figures as text: numbers in a notation, with their standard error or their interval."""

from dataclasses import dataclass, replace

from farm.stats.bootstrap import Estimate
from farm.stats.ranking.win_rates import Difference, WinRate

MISSING = "-"
"""Where there is no figure."""
NO_NOISE = (
    "An interval of zero width is no certainty: all that it rests on is alike, so that the bootstrap sees no noise (a "
    "share seen in none or all of n may be off by 3.7 / n)."
)
"""What a report says beside intervals; the exact binomial interval then reaches by 1 - 0.025^(1 / n), at most that."""


@dataclass(frozen=True, kw_only=True)
class Notation:
    """How a kind of figure is written."""

    digits: int
    """After the point."""
    scale: float = 1.0
    """What the figure is multiplied by: 100 for percent."""
    unit: str = ""
    """Follows each number that stands in running text."""
    is_signed: bool = False
    """Whether a plus is written."""
    thousands: str = ""
    """What stands between thousands."""

    def text(self, value: float) -> str:
        """The number without its unit."""
        return f"{self.scale * value:{'+' if self.is_signed else ''}{self.thousands}.{self.digits}f}"


PLAIN = Notation(digits=3)
SIGNED = Notation(digits=3, is_signed=True)
PERCENT = Notation(digits=1, scale=100)
"""For columns whose header says that they are percent."""
PERCENT_SIGN = Notation(digits=1, scale=100, unit="%")
POINTS = Notation(digits=1, scale=100, is_signed=True)
"""Differences of percentages."""


def number(value: float | None, notation: Notation = PLAIN) -> str:
    """ "0.900", or a dash."""
    return MISSING if value is None else f"{notation.text(value)}{notation.unit}"


def plus_minus(value: float | None, error: float | None, notation: Notation = PLAIN) -> str:
    """ "41.7 +- 1.4": a figure with its standard error, without one where it is not known, or a dash."""
    if value is None or error is None:
        return number(value, notation)
    return f"{notation.text(value)} +- {replace(notation, is_signed=False).text(error)}{notation.unit}"


def interval(estimate: Estimate | None, notation: Notation = PLAIN) -> str:
    """ "0.900 [0.700, 1.000]", the value alone, or a dash: for cells whose reasons stand elsewhere."""
    if estimate is None or estimate.value is None:
        return MISSING
    if estimate.low is None or estimate.high is None:
        return number(estimate.value, notation)
    ends = f"{notation.text(estimate.low)}, {notation.text(estimate.high)}"
    return f"{number(estimate.value, notation)} [{ends}]"


def interval_or_reason(estimate: Estimate, notation: Notation = PLAIN) -> str:
    """ "0.900 [0.700, 1.000]", or the reason why the value or its interval is missing in parentheses."""
    is_whole = None not in (estimate.value, estimate.low, estimate.high)
    return interval(estimate, notation) + ("" if is_whole else f" ({estimate.reason})")


def exact_error(n_seeds: int) -> str:
    """What +- beside a win rate is, wherever one stands."""
    if n_seeds == 1:
        return "one standard error over instructions (of one seed: other seeds may differ by more)"
    return "one standard error over instructions and seeds (from every verdict)"


def rate_text(rate: WinRate) -> str:
    """Percent with standard error."""
    return plus_minus(rate.win_rate, rate.standard_error, PERCENT)


def difference_text(gap: Difference, notation: Notation = POINTS) -> str:
    """Signed, with standard error."""
    return plus_minus(gap.difference, gap.standard_error, notation)
