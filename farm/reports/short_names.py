"""Hashed names of people, shortened for reading."""

import re
from collections.abc import Iterable

_HASHED = re.compile(r"(?P<prefix>.+_)(?P<digits>[0-9a-f]{12})")
LEAST_DIGITS = 4


def short_names(names: Iterable[str]) -> dict[str, str]:
    """`tulu_human_0c9e...` for each name that ends in twelve hexadecimal digits, as many digits as tell them apart.

    Args:
        names: of annotators; those that are not hashed stay as they are.

    Returns:
        Name -> what is shown.
    """
    every = list(dict.fromkeys(names))
    hashed = {name: match for name in every if (match := _HASHED.fullmatch(name))}
    n_digits = LEAST_DIGITS
    while len({f"{m['prefix']}{m['digits'][:n_digits]}" for m in hashed.values()}) < len(hashed):
        n_digits += 1
    return {
        name: name if name not in hashed else f"{hashed[name]['prefix']}{hashed[name]['digits'][:n_digits]}"
        for name in every
    }
