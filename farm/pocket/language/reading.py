"""Reading a text of the pocket world: its words, its statements of fact and its stock phrases.

A reader needs no parser for this: a statement is a known predicate followed by a value of its attribute, and its
subject is the last thing of the right category that was named.
"""

import re
from dataclasses import dataclass
from functools import cache

from farm.pocket.language.facts import ATTRIBUTES, Attribute, category_of, entities, value_of
from farm.pocket.language.tasks import Task

_TOKEN = re.compile(r"[A-Za-z]+|\d+|[^\sA-Za-z\d]")


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement of fact found in a text."""

    entity: str
    attribute: Attribute
    value: str

    @property
    def is_true(self) -> bool:
        return value_of(self.entity, self.attribute) == self.value


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a reader finds in a text."""

    text: str
    tokens: tuple[str, ...]
    """Words, numbers and punctuation marks."""
    names: tuple[str, ...]
    """The tokens with the names of things as the world spells them, however they begin the sentence."""
    words: tuple[str, ...]
    """Words and numbers, in lower case."""
    statements: tuple[Statement, ...]
    """Statements of fact, in order, repeated ones too."""
    loose_words: tuple[str, ...]
    """Words that belong to no statement."""

    def count(self, phrases: tuple[str, ...]) -> int:
        """How often the word sequences occur."""
        joined = f" {' '.join(self.words)} "
        return sum(joined.count(f" {phrase} ") for phrase in phrases)

    def mentions(self, word: str) -> bool:
        return word.lower() in self.words


def read(text: str, task: Task) -> Reading:
    """Read an answer to a task. A pronoun without a name before it means the thing that the task asks about."""
    tokens = tuple(_TOKEN.findall(text))
    words = tuple(token.lower() for token in tokens if token[0].isalnum())
    names = tuple(t.lower() if t.lower() in entity_names() else t for t in tokens)
    statements, used = _find_statements(names, task)
    return Reading(
        text=text,
        tokens=tokens,
        words=words,
        names=names,
        statements=tuple(statements),
        loose_words=tuple(t for i, t in enumerate(tokens) if i not in used and t[0].isalnum()),
    )


@cache
def entity_names() -> frozenset[str]:
    """The names of all things."""
    return frozenset(entities())


@cache
def _predicates() -> dict[str, list[tuple[tuple[str, ...], Attribute]]]:
    """Predicates by their first word, the longer ones first."""
    by_first_word: dict[str, list[tuple[tuple[str, ...], Attribute]]] = {}
    for attribute in ATTRIBUTES:
        for predicate in attribute.predicates:
            words = tuple(predicate.removesuffix(" {v}").split())
            by_first_word.setdefault(words[0], []).append((words, attribute))
    for entries in by_first_word.values():
        entries.sort(key=lambda entry: -len(entry[0]))
    return by_first_word


def _find_statements(tokens: tuple[str, ...], task: Task) -> tuple[list[Statement], set[int]]:
    subjects: dict[str, str] = {}
    for category in {category_of(entity) for entity in task.entities}:
        own = [entity for entity in task.entities if category_of(entity) == category]
        if len(own) == 1:
            subjects[category] = own[0]
    names, predicates = entity_names(), _predicates()
    statements: list[Statement] = []
    used: set[int] = set()
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token in names:
            subjects[category_of(token)] = token
        for words, attribute in predicates.get(token, ()):
            end = position + len(words)
            is_match = tokens[position:end] == words and end < len(tokens) and tokens[end] in attribute.values
            if is_match and attribute.category in subjects:
                subject = subjects[attribute.category]
                statements.append(Statement(entity=subject, attribute=attribute, value=tokens[end]))
                used.update(range(position, end + 1))
                position = end
                break
        position += 1
    return statements, used
