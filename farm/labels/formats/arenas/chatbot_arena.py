"""Chatbot Arena's battles (Zheng et al. 2023): a user's vote on two anonymous models' conversations.

`model_a`, `model_b`, `winner` with the conversations (lmsys/chatbot_arena_conversations and its successors), without
them (the published battle logs), or as one column a winner with `prompt`, `response_a`, `response_b` (the 55k set).
Every battle is an item of its own. model_a stood on the left. "tie (bothbad)" counts as a tie and stays in `raw_label`.
Users are hashed. Of a battle of several turns, what both conversations begin with is the history and the instruction,
and the output is all that follows, its messages kept (`turns_1`, `turns_2`). Where the two begin differently, or hold
more than text, questions and answers are joined instead, which a note counts.
"""

import itertools
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, NamedTuple

import pandas as pd
from pydantic import AliasChoices, BeforeValidator, Field

from farm.data.files.rows import Row, check_rows, format_of, read_rows
from farm.data.files.table_files import DELIMITED
from farm.data.layouts.messages import LayoutError
from farm.data.layouts.pairs import Answer, chosen_pair
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table
from farm.labels.formats.arenas.battles import WINNERS, Messages, Votes, dialogue, joined_note
from farm.labels.identifiers import hashed_name
from farm.records import Instruction

_ONE_COLUMN = {"winner_model_a": "model_a", "winner_model_b": "model_b", "winner_tie": "tie"}


def _name(value: object) -> object:
    return None if value is None else str(value)


_Name = Annotated[str | None, BeforeValidator(_name)]


class _Battle(Votes):
    question_id: _Name = None
    id: _Name = None
    judge: _Name = None
    tstamp: float | str | datetime | None = Field(default=None, validation_alias=AliasChoices("tstamp", "timestamp"))
    prompt: Messages = None
    response_a: Messages = None
    response_b: Messages = None


def read_arena(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:
    """The annotation table of a file of battles, or of all below a folder.

    Args:
        source: a file or a folder.
        assumed_kind: who voted, where it was not an `arena_user`; human unless said otherwise.

    Raises:
        DataError: nothing there, malformed rows, or an unknown winner.
    """
    files = source.files_with(_is_battles, holding="battles with model_a, model_b and winner")
    rows: list[AnnotationRow] = []
    n_bare = n_turns = n_joined = 0
    for file in files:
        is_text = format_of(file) in DELIMITED
        battles = check_rows(file, [_with_winner(row) for row in read_rows(file)], _Battle, is_text=is_text)
        names = _item_names(battles, file.name.split(".")[0])
        read = [_row(battle, name, assumed_kind) for battle, name in zip(battles, names, strict=True)]
        n_bare += sum(not (row.output_1 or row.output_2) for row in read)
        n_turns += sum(bool(row.history or row.turns_1 or row.turns_2) for row in read)
        n_joined += sum(
            len(_texts(battle).asked) > 1 and not (row.history or row.turns_1 or row.turns_2)
            for battle, row in zip(battles, read, strict=True)
        )
        rows += read
    notes = [f"{n_bare} of {len(rows)} battles come without the texts they are about"] if n_bare else []
    if n_turns:
        notes.append(f"{n_turns} of {len(rows)} battles have several turns; their outputs begin where the two part")
    notes += joined_note(n_joined, len(rows), "battles have several turns, whose questions and answers are shown")
    return annotation_table(rows, notes, where=source.where)


def _with_winner(row: Row) -> Row:
    """The 55k set marks the winner in one of three columns."""
    if "winner" in row:
        return row
    marked = [name for column, name in _ONE_COLUMN.items() if row.get(column) in (1, 1.0, "1", "1.0")]
    return {**row, "winner": marked[0]} if len(marked) == 1 else row


def _item_names(battles: Sequence[_Battle], stem: str) -> list[str]:
    """The battle's id; with the row's number where there is none, or where it is a question's and not a battle's."""
    ids = [battle.question_id or battle.id for battle in battles]
    meant: dict[str | None, set[frozenset[str]]] = {}
    for name, battle in zip(ids, battles, strict=True):
        meant.setdefault(name, set()).add(frozenset((battle.model_a, battle.model_b)))
    return [
        name if name is not None and len(meant[name]) == 1 else f"{name or stem}-{number:06d}"
        for number, name in enumerate(ids)
    ]


def _row(battle: _Battle, name: str, assumed_kind: Kind | None) -> AnnotationRow:
    is_user = (battle.judge or "").startswith("arena_user")
    kind: Kind = "human" if is_user else assumed_kind or "human"
    asked, first, second = _sides(battle)
    who = "arena_user" if kind == "human" else "arena_judge"
    return AnnotationRow(
        item_id=f"arena-{name}",
        dataset="chatbot_arena",
        instruction=asked.instruction,
        history=asked.history,
        model_1=battle.model_a,
        model_2=battle.model_b,
        output_1=first.text,
        output_2=second.text,
        turns_1=first.turns,
        turns_2=second.turns,
        annotator=who if battle.judge is None else hashed_name(who, battle.judge) if kind == "human" else battle.judge,
        annotator_kind=kind,
        preference=WINNERS[battle.winner],
        raw_label=battle.winner,
        first_shown=1 if kind == "human" else None,
        labelled_at=None if battle.tstamp is None else str(battle.tstamp),
    ).read_from(battle.columns)


class _Sides(NamedTuple):
    """What was asked in a battle, and both answers."""

    asked: Instruction
    first: Answer
    second: Answer


def _sides(battle: _Battle) -> _Sides:
    """A battle of several turns taken apart where its conversations part, if they can be; else its texts joined."""
    texts = _texts(battle)
    if len(texts.asked) > 1:
        try:
            pair = chosen_pair(dict(zip(("chosen", "rejected"), _conversations(battle, texts), strict=True)))
        except LayoutError:
            pass
        else:
            if pair.asked.instruction:
                return _Sides(pair.asked, pair.chosen, pair.rejected)
    asked, *answered = ("\n\n".join(turns) for turns in texts)
    return _Sides(Instruction(instruction=asked), *(Answer(text) for text in answered))


def _conversations(battle: _Battle, texts: "_Texts") -> tuple[object, object]:
    """Both as messages; the 55k set has the user's and the models' turns in columns of their own."""
    if battle.conversation_a and battle.conversation_b:
        return battle.conversation_a, battle.conversation_b

    def chat(answered: Sequence[str]) -> list[dict[str, str]]:
        turns = itertools.zip_longest(texts.asked, answered)
        said = [(role, text) for turn in turns for role, text in zip(("user", "assistant"), turn, strict=True)]
        return [{"role": role, "content": text} for role, text in said if text is not None]

    return chat(texts.answered_a), chat(texts.answered_b)


class _Texts(NamedTuple):
    """The turns of a battle."""

    asked: list[str]
    answered_a: list[str]
    answered_b: list[str]


def _texts(battle: _Battle) -> _Texts:
    asked, answered_a = dialogue(battle.conversation_a)
    answered_b = dialogue(battle.conversation_b).answered
    if answered_a or answered_b:
        return _Texts(asked, answered_a, answered_b)
    columns = (battle.prompt, battle.response_a, battle.response_b)
    return _Texts(*(["" if turn is None else str(turn) for turn in turns or ()] for turns in columns))


def _is_battles(path: Path, row: Row) -> bool:  # noqa: ARG001 - the names of the columns tell
    names = set(row)
    return {"model_a", "model_b"} <= names and ("winner" in names or set(_ONE_COLUMN) <= names)


FORMAT = AnnotationFormat(
    name="chatbot_arena",
    holds="Chatbot Arena's battles: model_a, model_b, winner (or winner_model_a, winner_model_b, winner_tie)",
    recognises=lambda source: any(_is_battles(source.path, row) for row in source.first_rows),
    read=read_arena,
    rule="votes",
)
