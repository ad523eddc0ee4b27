"""Conditions on the columns of a row, as a setting such as `where` writes them: `turn == 1 and judge_kind == "expert"`.

A condition is parsed into comparisons and never run as code:

    condition:  condition or condition | condition and condition | not condition | ( condition ) | comparison
    comparison: value (== | != | < | <= | > | >=) value | value [not] in [value, ...] | value [not] in value
    value:      column | `column with any characters` | "text" | 'text' | 1.5 | true | false | null

A dot leads into a column of objects (`metadata.language`). In ==, != and in, a bare word that is no column is a text
(`judge_kind == expert`). What is missing equals null and nothing else, and is neither less nor more than anything. A
cell of text that reads as a number is compared with a number as a number, as the cells of a CSV file have to be.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from farm.data.conditions.parts import All, Cells, Column, Comparison, Either, Listed, Node, Not, Operand, Value
from farm.data.conditions.values import ConditionError

MAX_DEPTH = 100
"""Brackets and nots inside each other."""

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))
    |(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    |(?P<quoted_name>`[^`]+`)
    |(?P<name>[^\W\d][\w./-]*)
    |(?P<operator>==|!=|<=|>=|<|>)
    |(?P<bracket>[()\[\],]))""",
    re.VERBOSE,
)
_WORDS: Mapping[str, object] = {"true": True, "false": False, "null": None, "none": None}
_CONNECTIVES = ("and", "or", "not", "in")


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A parsed condition."""

    text: str
    """As it was written."""
    root: Node

    def chosen(self, rows: Sequence[Cells]) -> list[bool]:
        """For each row whether the condition holds; a column that only some rows have is missing in the others.

        Raises:
            ConditionError: a name is a column of no row, or a row holds what cannot be compared.
        """
        root = self.root.bound({name for row in rows for name in row})
        return [root.holds(row) for row in rows]


def parse_condition(text: str) -> Condition:
    """Read a condition.

    Raises:
        ConditionError: it does not follow the grammar; the message says where.
    """
    return Condition(text=text, root=_Parser(text).condition())


class _Token(NamedTuple):
    kind: str
    text: str
    at: int
    """Characters before it."""


class _Parser:
    """Recursive descent over the tokens of one condition."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0

    def condition(self) -> Node:
        """The whole text as one condition."""
        root = self._any()
        if self._peek().kind != "end":
            raise self._expected("and, or, or the end")
        return root

    def _any(self) -> Node:
        parts = [self._all()]
        while self._takes("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _all(self) -> Node:
        parts = [self._one()]
        while self._takes("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._expected(f"at most {MAX_DEPTH} brackets and nots inside each other")
        if self._takes("not"):
            node: Node = Not(self._one())
        elif self._takes("("):
            node = self._any()
            self._must_take(")")
        else:
            node = self._comparison()
        self._depth -= 1
        return node

    def _comparison(self) -> Node:
        left = self._value()
        if self._takes("not"):
            self._must_take("in")
            return Not(Comparison(left, "in", self._value()))
        if self._takes("in"):
            return Comparison(left, "in", self._value())
        parts: list[Node] = []
        while self._peek().kind == "operator":  # 1 < x <= 3 is two comparisons
            sign = self._take().text
            right = self._value()
            parts.append(Comparison(left, sign, right))
            left = right
        if not parts:
            raise self._expected("a comparison (==, !=, <, <=, >, >=, in)")
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _value(self) -> Operand:
        token = self._peek()
        word = token.text.lower()
        if token.kind == "name" and word in _CONNECTIVES:
            raise self._expected("a column or a value")
        if self._takes("["):
            return self._list()
        if token.kind not in ("number", "text", "name", "quoted_name"):
            raise self._expected("a column or a value")
        self._take()
        if token.kind == "number":
            is_whole = re.fullmatch(r"[-+]?\d+", token.text)
            try:
                return Value(int(token.text) if is_whole else float(token.text))
            except ValueError as error:  # of thousands of figures
                raise _syntax_error(self._text, token.at, "this number is too long to be read") from error
        if token.kind == "text":
            return Value(re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL))
        if token.kind == "name" and word in _WORDS:
            return Value(_WORDS[word])
        return Column(token.text.strip("`"), is_bare=token.kind == "name")

    def _list(self) -> Operand:
        values: list[Operand] = []
        while not self._takes("]"):
            if values and not self._takes(","):
                raise self._expected("',' or ']'")
            values.append(self._value())
        return Listed(tuple(values))

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _takes(self, word: str) -> bool:
        """Step over a bracket or a word of the grammar, if it is next."""
        token = self._peek()
        is_next = token.kind in ("name", "bracket") and token.text.lower() == word
        self._next += is_next
        return is_next

    def _must_take(self, word: str) -> None:
        if not self._takes(word):
            raise self._expected(repr(word))

    def _expected(self, what: str) -> ConditionError:
        token = self._peek()
        return _syntax_error(
            self._text, token.at, f"expected {what}, got {repr(token.text) if token.text else 'the end'}"
        )


def _tokens(text: str) -> list[_Token]:
    tokens = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unreadable(text, at + len(text[at:]) - len(text[at:].lstrip()))
        kind = str(match.lastgroup)
        tokens.append(_Token(kind, match[kind], match.start(kind)))
        at = match.end()
    return [*tokens, _Token("end", "", end)]


def _unreadable(text: str, at: int) -> ConditionError:
    said = {"=": "a comparison is written ==", "&": "say and", "|": "say or", "!": "say not or !="}
    quotes = dict.fromkeys("\"'`", "this quotation mark has no partner")
    return _syntax_error(text, at, (said | quotes).get(text[at], f"{text[at]!r} means nothing here"))


def _syntax_error(text: str, at: int, what: str) -> ConditionError:
    return ConditionError(f"{text!r} cannot be read at character {at + 1}: {what}")
