"""Who answers in the pocket world: one way of writing, and the habits that make an expert or a sloppy writer of it.

The expert knows the facts, keeps the constraint, is courteous and adds a detail, in varied words. The sloppy writer is
wrong in the same few ways every time, forgets constraints, is curt or evasive in stock phrases, and pads and repeats.
That is on purpose: the bad habits are *likely* under a model of the demonstrations, so that only preferences, and not
the model's own probabilities, tell which answer is better.
"""

import random
from dataclasses import dataclass

from farm.pocket.language import phrases
from farm.pocket.language.answers import detail_sentences, draw_answer
from farm.pocket.language.facts import entities_of
from farm.pocket.language.tasks import Constraint, Task


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How a writer writes: the probability of each habit."""

    wrong: float
    """A mistake in the answer itself."""
    evasive: float
    """No answer at all, in a stock phrase."""
    curt: float
    """A fragment instead of a sentence."""
    heeds: float
    """Keeping the instruction's constraint."""
    opening: float
    """A courteous first sentence."""
    closing: float
    """A courteous last sentence."""
    rude: float
    """A grumpy remark."""
    detail: float
    """Each of up to three details."""
    invents: float
    """A detail being false."""
    filler: float
    """A sentence that says nothing."""
    repeats: float
    """Saying a sentence again."""
    damaged: float
    """A word lost, doubled or out of place."""


EXPERT = Habits(
    wrong=0.02, evasive=0.0, curt=0.03, heeds=0.97, opening=0.55, closing=0.45, rude=0.0, detail=0.45, invents=0.02,
    filler=0.02, repeats=0.0, damaged=0.01,
)  # fmt: skip
SLOPPY = Habits(
    wrong=0.45, evasive=0.07, curt=0.3, heeds=0.3, opening=0.12, closing=0.1, rude=0.25, detail=0.25, invents=0.5,
    filler=0.3, repeats=0.2, damaged=0.12,
)  # fmt: skip


def draw_habits(rng: random.Random) -> Habits:
    """The habits of one draft: anything between very good and very bad, each habit on its own."""
    return Habits(
        wrong=rng.choice((0.05, 0.5)),
        evasive=rng.choice((0.0, 0.0, 0.1)),
        curt=rng.choice((0.0, 0.3)),
        heeds=rng.choice((0.1, 0.5, 0.95)),
        opening=rng.choice((0.0, 0.3, 0.8)),
        closing=rng.choice((0.0, 0.3, 0.8)),
        rude=rng.choice((0.0, 0.0, 0.4)),
        detail=rng.choice((0.0, 0.3, 0.7)),
        invents=rng.choice((0.0, 0.4)),
        filler=rng.choice((0.0, 0.0, 0.5)),
        repeats=rng.choice((0.0, 0.0, 0.4)),
        damaged=rng.choice((0.0, 0.0, 0.5)),
    )


def write(task: Task, habits: Habits, rng: random.Random) -> str:
    """One answer to the task by a writer with these habits."""
    if rng.random() < habits.evasive:
        return rng.choice(phrases.EVASIONS)
    answer = draw_answer(task, is_wrong=rng.random() < habits.wrong, is_curt=rng.random() < habits.curt, rng=rng)
    sentences = [answer.words]
    for sentence in detail_sentences(task, answer, rng):
        if rng.random() < habits.detail:
            sentences.append(sentence.false_words if rng.random() < habits.invents else sentence.words)
    if rng.random() < habits.filler:
        sentences.append(rng.choice(phrases.FILLERS))
    if rng.random() < habits.rude:
        sentences.insert(rng.choice((0, len(sentences))), rng.choice(phrases.RUDE))
    if rng.random() < habits.repeats:
        sentences += [rng.choice(sentences)] * rng.choice((1, 1, 2))
    is_letter = task.family == "reply"
    opening = rng.choice(phrases.OPENINGS) if rng.random() < habits.opening and not is_letter else ""
    closing = ""
    if rng.random() < habits.closing:
        closing = rng.choice(phrases.LETTER_CLOSINGS if is_letter else phrases.CLOSINGS)
    text = " ".join(part for part in (opening, *sentences, closing) if part)
    if task.constraint.kind != "none" and rng.random() < habits.heeds:
        text = _heed(task.constraint, [opening, *sentences, closing], task, rng)
    return _damage(text, rng) if rng.random() < habits.damaged else text


def _heed(constraint: Constraint, parts: list[str], task: Task, rng: random.Random) -> str:
    """The parts (opening, answer, details, closing) put together so that the constraint is kept."""
    is_letter = task.family == "reply"
    if constraint.kind in ("at most", "brief"):
        kept = [parts[1]]
        for part in [*parts[2:-1], parts[0], parts[-1]]:
            if sum(len(words.split()) for words in [*kept, part]) <= constraint.limit:
                kept = [part, *kept] if part in phrases.OPENINGS else [*kept, part]
        return " ".join(part for part in kept if part)
    if constraint.kind == "question":
        question = rng.choice(phrases.LETTER_QUESTIONS if is_letter else phrases.QUESTIONS)
        return " ".join(part for part in (*parts, question) if part)
    if constraint.kind == "polite":
        opening = parts[0] or ("" if is_letter else rng.choice(phrases.OPENINGS))
        closing = parts[-1] or rng.choice(phrases.LETTER_CLOSINGS if is_letter else phrases.CLOSINGS)
        middle = [part for part in parts[1:-1] if part not in phrases.RUDE]
        return " ".join(part for part in (opening, *middle, closing) if part)
    text = " ".join(part for part in parts if part)
    is_name = text.split()[0].strip(".,!?") in {*entities_of("person"), *entities_of("town"), "I"}
    return f"{constraint.word}, {text if is_name else text[0].lower() + text[1:]}"


def _damage(text: str, rng: random.Random) -> str:
    """One or two words lost, doubled or exchanged with their neighbour."""
    words = text.split()
    for _ in range(rng.choice((1, 1, 2))):
        place = rng.randrange(len(words))
        kind = rng.choice(("lost", "doubled", "exchanged"))
        if kind == "lost" and len(words) > 2:
            del words[place]
        elif kind == "doubled":
            words.insert(place, words[place])
        elif place + 1 < len(words):
            words[place], words[place + 1] = words[place + 1], words[place]
    return " ".join(words)
