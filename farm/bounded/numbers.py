"""Numbers that a server says, checked: one that cannot be is not known, and does no harm beyond itself."""

import math

MAX_TOKENS = 10_000_000
"""Of one prompt or reply: ten times the largest contexts of 2026."""
MAX_WAIT_SECONDS = 30 * 86400.0
"""That a server may ask for; limits are counted by the minute, the day or the month."""
_ROUNDING = 1e-3
"""Log-probabilities of certain tokens are a little above 0 in half precision."""


def finite_number(value: object) -> float | None:
    """A number that a float can hold, and None for everything else: NaN, infinities, booleans, numbers as text."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def token_count(value: object) -> int | None:
    """A count of tokens: a whole number from 0 to MAX_TOKENS; 12.0 is one."""
    number = finite_number(value)
    if number is None or not 0 <= number <= MAX_TOKENS or not number.is_integer():
        return None
    return int(number)


def log_probability(value: object) -> float | None:
    """A finite number that is at most 0, but for rounding."""
    number = finite_number(value)
    return None if number is None or number > _ROUNDING else min(0.0, number)


def wait_of(seconds: float) -> float | None:
    """A wait that a server may ask for; one of no length where the moment has passed."""
    return max(0.0, seconds) if seconds <= MAX_WAIT_SECONDS else None
