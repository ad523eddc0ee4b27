"""YAML from outside, read within bounds: nesting, what aliases grow to, and digits of a number.

Only plain values are made (`yaml.safe_load`). An alias stands for all that its anchor holds, so that nine lines can
mean a thousand million values; such a text is refused before anything is made of it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import yaml

MAX_CHARACTERS = 2**20
MAX_DEPTH = 50
MAX_VALUES = 100_000
"""With every alias written out."""
_NUMBER = re.compile(r"[-+0-9_:.eE]{1000,}")
"""Sixty seconds make a minute: 1:00 is a number in YAML, and one of 100,000 colons takes hours."""


class UnreadableYamlError(ValueError):
    """The text is no YAML, or none that is read; the message says why."""


def read_yaml(text: str) -> object:
    """A YAML text's value.

    Raises:
        UnreadableYamlError: it is no YAML, too deep, or too large with its aliases written out.
    """
    if len(text) > MAX_CHARACTERS:
        raise UnreadableYamlError(f"it is longer than {MAX_CHARACTERS:,} characters")
    try:
        _check_size(text)
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UnreadableYamlError(f"is no YAML{_place(error)}") from None
    except UnreadableYamlError:
        raise
    # A tag such as !!bool or !!timestamp on a text that is none: what the library's constructors then raise.
    except (ValueError, KeyError, AttributeError, IndexError, TypeError, OverflowError):
        raise UnreadableYamlError("it holds a value that is not what it is said to be, such as `!!bool x`") from None


def _place(error: yaml.YAMLError) -> str:
    """Where a YAML is wrong; without its words, which may be a secret."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return ""
    return f" from line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1} on"


@contextmanager
def named_by_file() -> Iterator[None]:
    """Within it, what a library reads from files that are no YAML is said with the file's name and the place.

    Raises:
        UnreadableYamlError: a file is no YAML.
    """
    try:
        yield
    except yaml.MarkedYAMLError as error:
        name = "" if error.problem_mark is None else f"{error.problem_mark.name}: "
        raise UnreadableYamlError(f"{name}is no YAML{_place(error)}") from None


def _check_size(text: str) -> None:
    """Walk through the text once, counting; raises UnreadableYamlError."""
    open_values: list[tuple[str | None, int]] = [(None, 0)]
    """Anchor and number of values so far of everything that has begun."""
    sizes: dict[str, int] = {}
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        size = 0
        if isinstance(event, yaml.CollectionStartEvent):
            open_values.append((event.anchor, 1))
            if len(open_values) > MAX_DEPTH:
                raise UnreadableYamlError(f"more than {MAX_DEPTH} lists and mappings stand in one another")
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, size = open_values.pop()
            sizes |= {anchor: size} if anchor else {}
        elif isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in open_values):
                raise UnreadableYamlError(f"*{event.anchor:.40} stands within what it stands for")
            size = sizes.get(event.anchor, 1)
        elif isinstance(event, yaml.ScalarEvent):
            if event.style is None and _NUMBER.fullmatch(event.value):
                raise UnreadableYamlError(f"a number of {len(event.value):,} characters")
            size = 1
            sizes |= {event.anchor: 1} if event.anchor else {}
        anchor, n_values = open_values[-1]
        open_values[-1] = (anchor, n_values + size)
        if n_values + size > MAX_VALUES:
            raise UnreadableYamlError(f"it holds more than {MAX_VALUES:,} values, with its aliases written out")
