"""PRISM's utterances (Kirk et al. 2024, arXiv 2404.16019): people's scores of models' answers in a conversation.

One answer a row: `interaction_id` (answers shown together), `conversation_id`, `turn`, `user_id`, `user_prompt`,
`model_response`, `model_name`, `score` from 1 to 100, `if_chosen`. Any two answers of an interaction are a pair: the
higher score wins, equal scores are a tie. What was said before are the earlier turns with the chosen answers. From the
second turn on all answers are of one model, and such pairs say nothing about models. People are hashed.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd
from pydantic import Field

from farm.conversation import Message, Messages
from farm.data.files.rows import FileRow, OptionalName, Row, stream_records
from farm.labels.annotation_row import AnnotationRow, Name
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table
from farm.labels.formats.preference_data.choices import Whole
from farm.labels.formats.ratings.rated_outputs import RatedOutput, rating_rows
from farm.labels.identifiers import hashed_name


class _Utterance(FileRow):
    interaction_id: Name
    conversation_id: Name
    turn: Whole
    user_id: Name
    user_prompt: str
    model_response: str
    model_name: OptionalName = ""
    score: float | None = Field(ge=1, le=100)
    if_chosen: bool | None = None


def read_prism(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:  # noqa: ARG001 - people, as published
    """The annotation table of all pairs of answers that were shown together, in a file or below a folder.

    Raises:
        DataError: nothing there, or malformed rows.
    """
    files = source.files_with(_is_utterance, holding="utterances with user_prompt, model_response and score")
    rows = [row for file in files for row in _rows(list(stream_records(file, _Utterance)))]
    n_own = sum(row.model_1 == row.model_2 != "" for row in rows)
    note = f"{n_own} of {len(rows)} pairs are of one model with itself (later turns of a conversation)"
    return annotation_table(rows, [note] if n_own else [], where=source.where)


def _rows(utterances: Sequence[_Utterance]) -> list[AnnotationRow]:
    chosen = {(u.conversation_id, u.turn): u for u in utterances if u.if_chosen}
    shown: dict[str, list[_Utterance]] = {}
    for utterance in utterances:
        shown.setdefault(utterance.interaction_id, []).append(utterance)
    rows: list[AnnotationRow] = []
    for interaction, answers in shown.items():
        first = answers[0]
        turns = range(min(answer.turn for answer in answers))
        history = _history(chosen[key] for turn in turns if (key := (first.conversation_id, turn)) in chosen)
        rows += rating_rows([_rated(answer, history) for answer in answers], item=f"prism-{interaction}")
    return rows


def _history(turns: Iterable[_Utterance]) -> Messages:
    return tuple(
        message
        for turn in turns
        for message in (Message("user", turn.user_prompt), Message("assistant", turn.model_response))
    )


def _rated(answer: _Utterance, history: Messages) -> RatedOutput:
    return RatedOutput(
        instruction=answer.user_prompt,
        output=answer.model_response,
        rating=answer.score,
        model=answer.model_name or "",
        annotator=hashed_name("prism_user", answer.user_id),
        kind="human",
        dataset="prism",
        columns=answer.columns,
        history=history,
    )


def _is_utterance(path: Path, row: Row) -> bool:  # noqa: ARG001 - the names of the columns tell
    return {"interaction_id", "conversation_id", "turn", "user_prompt", "model_response", "score"} <= set(row)


FORMAT = AnnotationFormat(
    name="prism",
    holds="PRISM's utterances: interaction_id, user_prompt, model_response, model_name, score, if_chosen",
    recognises=lambda source: any(_is_utterance(source.path, row) for row in source.first_rows),
    read=read_prism,
)
