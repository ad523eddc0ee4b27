"""Fluency in the pocket world: do the words follow each other as they do in well-formed texts?

Names and values are replaced by their kind; then every pair of neighbours must occur in the undamaged texts of the
world's own writers. So `the fox in the forest lives` is not fluent, and neither is any word from outside the world.
"""

import random
import re
import threading
from dataclasses import replace
from functools import cache
from itertools import pairwise

from farm.pocket.language.facts import ATTRIBUTES, DAYS, EVENTS, category_of, entities
from farm.pocket.language.grammar import draw_request
from farm.pocket.language.writers import EXPERT, SLOPPY, write
from farm.seeds import derive_seed

_N_TEXTS = 8_000
_TOKEN = re.compile(r"[A-Za-z]+|\d+|[^\sA-Za-z\d]")
_READING = threading.Lock()


def fluency(tokens: tuple[str, ...]) -> float:
    """1 for a well-formed text; each wrong pair of neighbours costs, the more the shorter the text."""
    if not tokens:
        return 0.0
    kinds = _kinds(tokens)
    with _READING:  # annotators ask in many threads, and each would read all the texts
        known = _known_pairs()
    wrong = sum(pair not in known for pair in pairwise(kinds))
    return max(0.0, 1.0 - 4.0 * wrong / len(kinds))


@cache
def _kind_by_word() -> dict[str, str]:
    kinds = {word: "<day>" for word in DAYS} | {word: "<event>" for word in EVENTS}
    for attribute in ATTRIBUTES:
        if attribute.values != DAYS:
            kinds |= {value: f"<{attribute.category} {attribute.name}>" for value in attribute.values}
    kinds |= {entity: f"<{category_of(entity)}>" for entity in entities()}
    return kinds | {word.capitalize(): f"<capital> {kind}" for word, kind in kinds.items() if word[0].islower()}


def _kinds(tokens: tuple[str, ...]) -> list[str]:
    kind_by_word = _kind_by_word()
    inner = [kind_by_word.get(token) or ("<number>" if token.isdigit() else token) for token in tokens]
    return ["<start>", *inner, "<end>"]


@cache
def _known_pairs() -> frozenset[tuple[str, str]]:
    pairs: set[tuple[str, str]] = set()
    rng = random.Random(derive_seed(0, "pocket fluency"))
    for number in range(_N_TEXTS):
        habits = replace(EXPERT if number % 2 else SLOPPY, damaged=0.0)
        kinds = _kinds(tuple(_TOKEN.findall(write(draw_request(rng).task, habits, rng))))
        pairs.update(pairwise(kinds))
    return frozenset(pairs)
