"""Rows with a chosen and a rejected answer, in every layout of TRL, OpenRLHF, LLaMA-Factory, axolotl, Argilla,
distilabel and HH-RLHF: one row, one instruction, two answers, whatever the layout.

The prompt stands in columns of its own (farm/data/layouts/asked.py), or `chosen` and `rejected` are whole
conversations, as messages or as HH-RLHF's text: then it is what both begin with, up to the assistant's turn in which
they differ. An answer of several turns is text in HH-RLHF's layout, and its messages are kept beside it.

Columns beside them: `chosen_model`, `chosen_is_finished`, and the same of the rejected answer (Argilla writes a
hyphen), and ratings (farm/data/layouts/pair_ratings.py).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from farm.conversation import Messages, messages_as_text
from farm.data.files.rows import Row
from farm.data.layouts.asked import TEXT_COLUMNS, cell, columns_found, instruction_of, instruction_of_columns
from farm.data.layouts.hh_text import dialogue_messages, prompt_messages, turns_as_text
from farm.data.layouts.messages import LayoutError, messages_of, plain_value
from farm.data.layouts.pair_ratings import is_called_tie, pair_ratings
from farm.records import Instruction, content_key

_SIDES = ("chosen", "rejected")
_MODELS = ("{side}_model", "{side}-model", "model_{side}")
_ANSWERS = ("{side}", "{side}_response", "response_{side}")
ANSWER_COLUMNS = tuple(name.format(side=side) for side in _SIDES for name in _ANSWERS)
"""What holds the two answers."""


class DifferentPromptsError(LayoutError):
    """The two conversations of a row answer different prompts: they are no pair."""


class Answer(NamedTuple):
    """One side of a pair."""

    text: str
    """Of several turns the text in HH-RLHF's layout."""
    turns: Messages = ()
    """The messages of an answer of several turns; empty for a single message."""
    model: str = ""
    """Who wrote it; empty if the row does not say."""
    rating: float | None = None
    """On the source's own scale."""
    is_finished: bool = True
    """False if the row says that it was cut."""


@dataclass(frozen=True, kw_only=True)
class ChosenPair:
    """A row as what was asked and two answers."""

    asked: Instruction
    chosen: Answer
    rejected: Answer
    columns: Row = field(default_factory=dict, compare=False, repr=False)
    """The row as it stands in the file."""

    @property
    def is_tie(self) -> bool:
        """Whether neither was preferred: both have the same rating, or the row says so in a word."""
        return self.is_rated_equal or is_called_tie(self.columns)

    @property
    def is_rated_equal(self) -> bool:
        """Whether both answers have the same rating."""
        return self.chosen.rating is not None and self.chosen.rating == self.rejected.rating

    @property
    def sides(self) -> "Sides":
        """Each answer on a side that the hash of the texts decides.

        Were the chosen answer always output_1, "always the first" would be the perfect annotator. The side depends on
        the texts alone, not on which of them was chosen.
        """
        asked = self.asked.instruction
        chosen_is_1 = content_key(asked, self.chosen.text) <= content_key(asked, self.rejected.text)
        return Sides(self.chosen, self.rejected, 1) if chosen_is_1 else Sides(self.rejected, self.chosen, 2)

    @property
    def begins_with_prompt(self) -> bool:
        """Whether both answers repeat the whole instruction first, as text."""
        prompt = self.asked.instruction
        return bool(prompt) and all(
            not answer.turns and answer.text.startswith(prompt) and answer.text != prompt
            for answer in (self.chosen, self.rejected)
        )


class Sides(NamedTuple):
    """A pair in an order that does not tell which answer was chosen."""

    output_1: Answer
    output_2: Answer
    chosen: int
    """1 or 2."""


class _Split(NamedTuple):
    """Two conversations taken apart where they part."""

    prompt: Messages
    chosen: Messages
    rejected: Messages


def has_pair(names: Iterable[str]) -> bool:
    """Whether a row with these columns has a chosen and a rejected answer, and is not about two outputs already."""
    known = set(names)
    return not {"output_1", "output_2"} <= known and all(
        any(name.format(side=side) in known for name in _ANSWERS) for side in _SIDES
    )


def chosen_pair(row: Row) -> ChosenPair:
    """Read a row.

    Raises:
        DifferentPromptsError: chosen and rejected are conversations that begin differently.
        LayoutError: the layout is not understood; the message says what was found.
    """
    given = [_answer_cell(row, side) for side in _SIDES]
    answers = [messages_of(value) for value in given]
    explicit = instruction_of_columns(row)
    if all(isinstance(value, str) for value in given) and answers == [None, None]:
        asked, texts = _of_text(str(given[0]), str(given[1]), explicit, row)
        if any(isinstance(row.get(name), str) and prompt_messages(str(row[name])) for name in TEXT_COLUMNS):
            texts = [answer._replace(text=answer.text.strip()) for answer in texts]
    elif any(messages is None for messages in answers):
        kinds = " and ".join(f"`{side}` {_kind(value)}" for side, value in zip(_SIDES, given, strict=True))
        raise LayoutError(f"two answers, both as text or both as messages, got {kinds}")
    else:
        chosen, rejected = (messages or () for messages in answers)
        asked, texts = _of_messages(chosen, rejected, explicit, row)
    sides = [
        _with_columns(answer, row, side)._replace(rating=rating)
        for answer, side, rating in zip(texts, _SIDES, pair_ratings(row), strict=True)
    ]
    return ChosenPair(asked=asked, chosen=sides[0], rejected=sides[1], columns=row)


def row_with_two_outputs(row: Row) -> Row:
    """A row with a chosen and a rejected answer as a comparison that does not tell which is which; others as they are.

    Raises:
        LayoutError: the layout is not understood.
    """
    if not has_pair(row):
        return row
    pair = chosen_pair(row)
    first, second, _ = pair.sides
    history = {"history": messages_as_text(pair.asked.history)} if pair.asked.history else {}
    return {
        **row,
        **history,
        "instruction": pair.asked.instruction,
        "input": pair.asked.input,
        "output_1": first.text,
        "output_2": second.text,
        "generator_1": first.model,
        "generator_2": second.model,
    }


def _of_text(chosen: str, rejected: str, explicit: Instruction | None, row: Row) -> tuple[Instruction, list[Answer]]:
    dialogues = dialogue_messages(chosen), dialogue_messages(rejected)
    if dialogues[0] is not None and dialogues[1] is not None:
        split = _split(dialogues[0], dialogues[1])
        if explicit is None or _is_asked(explicit, split.prompt):
            return _with_system(split, explicit), [_answer(split.chosen), _answer(split.rejected)]
    if explicit is None:
        raise LayoutError(
            "what was asked in a column (prompt, instruction, question, ...) or within chosen and rejected as "
            f"conversations; they are plain text{columns_found(row)}"
        )
    return explicit, [Answer(text) for text in (chosen, rejected)]


def _of_messages(
    chosen: Messages, rejected: Messages, explicit: Instruction | None, row: Row
) -> tuple[Instruction, list[Answer]]:
    if not chosen or not rejected:
        raise LayoutError("at least one message in `chosen` and in `rejected`, got an empty list")
    if chosen[0].role == rejected[0].role == "assistant":
        if explicit is None:
            raise LayoutError(
                "what was asked in a column, for chosen and rejected begin with the assistant" + columns_found(row)
            )
        return explicit, [_answer(chosen), _answer(rejected)]
    split = _split(chosen, rejected)
    if explicit is not None and not _is_asked(explicit, split.prompt):
        raise LayoutError(
            f"chosen and rejected to begin with the prompt {explicit.instruction!r:.60}, they begin with "
            f"{split.prompt[-1].content!r:.60}"
        )
    return _with_system(split, explicit), [_answer(split.chosen), _answer(split.rejected)]


def _split(chosen: Messages, rejected: Messages) -> _Split:
    """Take the two apart before the last message that the assistant begins in both after the same words."""
    n_same = 0
    while n_same < min(len(chosen), len(rejected)) and chosen[n_same] == rejected[n_same]:
        n_same += 1
    for end in range(min(n_same, len(chosen) - 1, len(rejected) - 1), 0, -1):
        if chosen[end].role == rejected[end].role == "assistant" != chosen[end - 1].role:
            return _Split(chosen[:end], chosen[end:], rejected[end:])
    raise DifferentPromptsError(
        "chosen and rejected to begin with the same prompt, they begin with "
        f"{chosen[0].content!r:.60} and {rejected[0].content!r:.60}"
    )


def _is_asked(explicit: Instruction, prompt: Messages) -> bool:
    """Whether a prompt in columns is that of the conversations: all of it, or a message of the user in it."""
    said = {" ".join(message.content.split()) for message in prompt if message.role == "user"}
    text = f"{explicit.instruction} {explicit.input}"
    return " ".join(text.split()) in said


def _with_system(split: _Split, explicit: Instruction | None) -> Instruction:
    """The conversations' prompt, with the system message of a column where they have none."""
    asked = instruction_of(split.prompt)
    system = tuple(message for message in (explicit.history if explicit else ())[:1] if message.role == "system")
    if not system or asked.history[:1] == system:
        return asked
    if asked.history[:1] and asked.history[0].role == "system":
        raise LayoutError(f"one system message, got {system[0].content!r:.60} and {asked.history[0].content!r:.60}")
    return replace(asked, history=(*system, *asked.history))


def _answer(messages: Messages) -> Answer:
    if messages[0].role != "assistant":
        raise LayoutError(f"an answer of the assistant, got a message of the {messages[0].role}")
    return Answer(turns_as_text(messages), messages if len(messages) > 1 else ())


def _with_columns(answer: Answer, row: Row, side: str) -> Answer:
    model = _first(row, _MODELS, side)
    return answer._replace(
        model="" if model is None else str(model),
        is_finished=row.get(f"{side}_is_finished") not in (False, "false", "False"),
    )


def _answer_cell(row: Row, side: str) -> object:
    """An answer may be empty text, which is not the same as none; 42 and true are what somebody's JSON made of text."""
    names = (name.format(side=side) for name in _ANSWERS)
    value = next((plain_value(row[name]) for name in names if row.get(name) is not None), None)
    return str(value) if isinstance(value, bool | int | float) else value


def _first(row: Mapping[str, object], names: Iterable[str], side: str) -> object:
    cells = (cell(row, name.format(side=side)) for name in names)
    return next((value for value in cells if value is not None), None)


def _kind(value: object) -> str:
    return "is missing" if value is None else f"is {value!r:.40}"
