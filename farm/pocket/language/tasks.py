"""What the pocket world can be asked: tasks, constraints on the answer's form, and requests in words."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

from farm.pocket.language.facts import Attribute
from farm.seeds import uniform_for

Family = Literal["list", "lookup", "sort", "describe", "compare", "reply", "multi"]
ConstraintKind = Literal["none", "at most", "begin", "question", "polite", "brief"]

FAMILIES: dict[Family, float] = {
    "list": 0.18, "lookup": 0.18, "sort": 0.18, "describe": 0.18, "compare": 0.06, "reply": 0.12, "multi": 0.10,
}  # fmt: skip
"""How often each family is asked."""
HELD_OUT_SHARE = 0.06
"""Share of combinations (family, topic, kind of constraint) that only the evaluation may use."""
OPENING_WORDS = ("Well", "So", "Indeed", "Yes", "Hello", "Now")
BRIEF_WORDS = 12
NUMBER_WORDS = {1: "one", 2: "two", 3: "three"}

WORD_LIMITS: dict[Family, tuple[int, ...]] = {
    "list": (8, 10, 12), "lookup": (8, 10, 12), "describe": (8, 10, 12), "sort": (10, 12, 15),
    "compare": (14, 16, 18), "reply": (12, 14, 16), "multi": (14, 16, 18),
}  # fmt: skip
"""The word limits that each family may be given."""


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """A condition on the form of the answer."""

    kind: ConstraintKind
    limit: int = 0
    """The most words allowed, for `at most` and `brief`."""
    word: str = ""
    """The first word, for `begin`."""


NO_CONSTRAINT = Constraint(kind="none")


@dataclass(frozen=True, kw_only=True)
class Task:
    """What an instruction asks for."""

    family: Family
    entities: tuple[str, ...] = ()
    """The things asked about; the members to choose from for `list`; the items as given for `sort`."""
    attributes: tuple[Attribute, ...] = ()
    """The attributes asked for."""
    value: str = ""
    """The value that the members of a list share."""
    count: int = 0
    """How many members a list should have."""
    numbers: tuple[int, ...] = ()
    """The numbers that `sort` gives to its items."""
    is_ascending: bool = False
    """Whether `sort` wants the lowest number first."""
    event: str = ""
    day: str = ""
    is_accepted: bool = False
    """Whether the `reply` should say yes."""
    constraint: Constraint = NO_CONSTRAINT

    @property
    def topic(self) -> str:
        """What the task is about, without its form; with family and constraint it makes a combination."""
        if self.family == "list":
            return f"{self.attributes[0].category} {self.attributes[0].name} {self.value}"
        if self.family == "sort":
            return " ".join(sorted(self.entities)[:2])
        names = [attribute.name for attribute in self.attributes]
        return " ".join([*self.entities, *names, self.event])

    @property
    def is_held_out(self) -> bool:
        """Whether its combination is kept for the evaluation."""
        combination = f"{self.family}|{self.topic}|{self.constraint.kind}"
        return uniform_for(0, "pocket held-out combination", combination) < HELD_OUT_SHARE


@dataclass(frozen=True, kw_only=True)
class Request:
    """An instruction in words with the task behind it."""

    instruction: str
    input: str
    task: Task


def constraint_words(constraint: Constraint) -> str:
    """The sentence that states a constraint."""
    return {
        "none": "",
        "at most": f"Use at most {constraint.limit} words.",
        "begin": f"Begin with the word {constraint.word}.",
        "question": "End with a question.",
        "polite": "Be very polite.",
        "brief": "Keep it brief.",
    }[constraint.kind]


@cache
def all_constraints() -> tuple[Constraint, ...]:
    """Every constraint that an instruction can carry, `none` first."""
    limits = sorted({limit for limits in WORD_LIMITS.values() for limit in limits})
    return (
        NO_CONSTRAINT,
        *(Constraint(kind="at most", limit=limit) for limit in limits),
        *(Constraint(kind="begin", word=word) for word in OPENING_WORDS),
        Constraint(kind="question"),
        Constraint(kind="polite"),
        Constraint(kind="brief", limit=BRIEF_WORDS),
    )
