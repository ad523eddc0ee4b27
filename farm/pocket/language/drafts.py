"""Drafts of mixed quality with their criteria: what the pocket base reads before anybody fine-tunes it.

A draft is written with habits of its own; one in four has a name or value exchanged for another of its kind, a slip
that no writer's habit makes but every sampled language model does. Texts reserved for the evaluation and held-out
combinations never appear.
"""

import random
import re
from functools import cache
from typing import NamedTuple

from farm.pocket.language.facts import ATTRIBUTES, DAYS, EVENTS, PLURALS, entities_of
from farm.pocket.language.grammar import draw_request, is_reserved
from farm.pocket.language.reading import read
from farm.pocket.language.tasks import Request, Task
from farm.pocket.language.writers import EXPERT, SLOPPY, draw_habits, write
from farm.pocket.preferences.criteria import correctness, falsehood
from farm.pocket.preferences.utility import WEIGHTS, assess

TARGETS = (*WEIGHTS, "apparent correctness", "length")
"""What the heads at the end token are asked to tell."""
_SLIP_SHARE = 0.25
_PAUSE = re.compile(r"[,.!?]|\band\b")


class Pause(NamedTuple):
    """A place inside a draft, and how it stands there."""

    end: int
    """Character after the pause."""
    correctness: float
    falsehood: float


class Draft(NamedTuple):
    """An instruction with a draft and what is to be known about it."""

    instruction: str
    input: str
    output: str
    targets: tuple[float, ...]
    pauses: tuple[Pause, ...]


def draw_training_request(rng: random.Random) -> Request:
    """An instruction that training may use: neither held out nor reserved."""
    while True:
        request = draw_request(rng)
        if not request.task.is_held_out and not is_reserved(request.instruction, request.input):
            return request


def draw_evaluation_request(rng: random.Random, *, is_held_out: bool) -> Request:
    """An instruction that only the evaluation may use."""
    while True:
        request = draw_request(rng)
        if request.task.is_held_out == is_held_out and (is_held_out or is_reserved(request.instruction, request.input)):
            return request


def draw_text(task: Task, rng: random.Random) -> str:
    """A draft: half as the demonstrators write, half with any mixture of habits."""
    kind = rng.random()
    habits = EXPERT if kind < 0.2 else SLOPPY if kind < 0.4 else draw_habits(rng)
    text = write(task, habits, rng)
    return _slip(text, rng) if rng.random() < _SLIP_SHARE else text


def examine(request: Request, text: str) -> Draft:
    """The draft with its criteria, at the end and at every pause."""
    task = request.task
    pauses = []
    for match in _PAUSE.finditer(text):
        part = read(text[: match.end()], task)
        pauses.append(Pause(match.end(), correctness(task, part), falsehood(task, part)))
    assessment = assess(request.instruction, request.input, text)
    targets = (*assessment.criteria, assessment.apparent_correctness, assessment.n_words / 20)
    return Draft(request.instruction, request.input, text, targets, tuple(pauses))


@cache
def _groups() -> dict[str, tuple[str, ...]]:
    """For every name and value the words of its kind."""
    groups = [DAYS, EVENTS, *(entities_of(category) for category in PLURALS)]
    groups += [attribute.values for attribute in ATTRIBUTES if attribute.values[0] not in (*DAYS, *entities_of("town"))]
    return {word: group for group in groups for word in group}


def _slip(text: str, rng: random.Random) -> str:
    places = [match for match in re.finditer(r"\w+", text) if match[0] in _groups()]
    if not places:
        return text
    match = rng.choice(places)
    return text[: match.start()] + rng.choice(_groups()[match[0]]) + text[match.end() :]
