"""What a parsed condition is made of: values, comparisons, and what joins them."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Protocol

from farm.data.conditions.values import ConditionError, contains, equal, ordered, plain
from farm.wording import listed

MAX_COLUMNS = 60
"""Columns that a message names."""

Cells = Mapping[str, object]
"""A row by its columns."""


class Node(Protocol):
    """A part of a condition that holds for a row or does not."""

    def holds(self, row: Cells) -> bool:
        """Whether it holds for the row."""

    def bound(self, columns: AbstractSet[str]) -> "Node":
        """The same for rows with these columns: bare words that are none of them are texts.

        Raises:
            ConditionError: a name is no column and cannot be a text.
        """


class Operand(Protocol):
    """One side of a comparison."""

    @property
    def own_columns(self) -> "tuple[Column, ...]":
        """The column or bare word that it is; empty for anything else."""

    def of(self, row: Cells) -> object:
        """Its value in a row."""

    def bound(self, columns: AbstractSet[str]) -> "Operand":
        """The same for rows with these columns: a bare word that is none of them is a text."""


@dataclass(frozen=True)
class Value:
    """A text, a number, true, false or null."""

    value: object

    @property
    def own_columns(self) -> "tuple[Column, ...]":
        return ()

    def of(self, row: Cells) -> object:  # noqa: ARG002 - the same in every row
        return self.value

    def bound(self, columns: AbstractSet[str]) -> Operand:  # noqa: ARG002
        return self


@dataclass(frozen=True)
class Column:
    """A column, or a bare word."""

    name: str
    is_bare: bool
    """Written without quotes, so that it may be a text."""

    @property
    def own_columns(self) -> "tuple[Column, ...]":
        return (self,)

    def of(self, row: Cells) -> object:
        if self.name in row:
            return plain(row[self.name])
        value: object = row
        for part in self.name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return plain(value)

    def bound(self, columns: AbstractSet[str]) -> Operand:
        return self if self.is_in(columns) else Value(self.name)

    def is_in(self, columns: AbstractSet[str]) -> bool:
        """Whether rows with these columns have it, or the column of objects that it lies in."""
        return self.name in columns or ("." in self.name and self.name.split(".")[0] in columns)


@dataclass(frozen=True)
class Listed:
    """Values in square brackets."""

    values: tuple[Operand, ...]

    @property
    def own_columns(self) -> "tuple[Column, ...]":
        return ()

    def of(self, row: Cells) -> object:
        return [value.of(row) for value in self.values]

    def bound(self, columns: AbstractSet[str]) -> Operand:
        return Listed(tuple(value.bound(columns) for value in self.values))


@dataclass(frozen=True)
class All:
    """Conditions joined by `and`."""

    parts: tuple[Node, ...]

    def holds(self, row: Cells) -> bool:
        return all(part.holds(row) for part in self.parts)

    def bound(self, columns: AbstractSet[str]) -> Node:
        return All(tuple(part.bound(columns) for part in self.parts))


@dataclass(frozen=True)
class Either:
    """Conditions joined by `or`."""

    parts: tuple[Node, ...]

    def holds(self, row: Cells) -> bool:
        return any(part.holds(row) for part in self.parts)

    def bound(self, columns: AbstractSet[str]) -> Node:
        return Either(tuple(part.bound(columns) for part in self.parts))


@dataclass(frozen=True)
class Not:
    """A condition that must not hold."""

    part: Node

    def holds(self, row: Cells) -> bool:
        return not self.part.holds(row)

    def bound(self, columns: AbstractSet[str]) -> Node:
        return Not(self.part.bound(columns))


@dataclass(frozen=True)
class Comparison:
    """Two values and how they are compared."""

    left: Operand
    sign: str
    """An operator, or `in`."""
    right: Operand

    def holds(self, row: Cells) -> bool:
        left, right = self.left.of(row), self.right.of(row)
        if self.sign in ("==", "!="):
            return equal(left, right) == (self.sign == "==")
        if self.sign == "in":
            return contains(right, left)
        return ordered(left, self.sign, right, is_text=Value in (type(self.left), type(self.right)))

    def bound(self, columns: AbstractSet[str]) -> Node:
        names = (*self.left.own_columns, *self.right.own_columns)
        known = [name for name in names if name.is_in(columns)]
        may_be_text = self.sign in ("==", "!=", "in") and (known or self.sign == "in")
        wrong = [name for name in names if name not in known and not (may_be_text and name.is_bare)]
        if wrong or (names and not known):
            raise _no_column((wrong or list(names))[0].name, columns)
        return replace(self, left=self.left.bound(columns), right=self.right.bound(columns))


def _no_column(name: str, columns: AbstractSet[str]) -> ConditionError:
    return ConditionError(f"there is no column {name!r}; the columns are {listed(sorted(columns), MAX_COLUMNS)}")
