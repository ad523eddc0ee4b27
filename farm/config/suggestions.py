"""What was probably meant by a name that nothing has."""

import difflib
from collections.abc import Sequence

CLOSE_NAME = 0.5
"""Names less alike than this are not suggested."""
CLOSE_KEY = 0.6
TIE = 0.05
"""Keys that are nearly as alike as the best one are suggested beside it."""
MAX_SUGGESTIONS = 3


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """ "did you mean `x`?" if a known name is close, else the list of what is known."""
    close = close_name(name, known)
    return f"did you mean `{close}`?" if close else f"known here: {', '.join(sorted(known))}"


def close_name(name: str, known: Sequence[str]) -> str | None:
    """The known name that is most like it; None if none is close."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=CLOSE_NAME)
    return close[0] if close else None


def did_you_mean_key(key: str, known: Sequence[str]) -> str | None:
    """ "did you mean `a.b.c`?", wherever among the known dotted keys it lies; None if none is close.

    The last part of the key counts most: `sft.n_epochs` means `sft.training.epochs`.
    """
    scores = {other: _likeness(key, other) for other in known}
    best = max(scores.values(), default=0.0)
    if best < CLOSE_KEY:
        return None
    close = sorted((other for other, score in scores.items() if score >= best - TIE), key=lambda k: (-scores[k], k))
    *others, last = [f"`{other}`" for other in close[:MAX_SUGGESTIONS]]
    return f"did you mean {', '.join(others)}{' or ' if others else ''}{last}?"


def _likeness(key: str, other: str) -> float:
    last, other_last = key.rpartition(".")[2], other.rpartition(".")[2]
    return 0.7 * _ratio(last, other_last) + 0.3 * _ratio(key, other)


def _ratio(text: str, other: str) -> float:
    return difflib.SequenceMatcher(None, text, other, autojunk=False).ratio()
