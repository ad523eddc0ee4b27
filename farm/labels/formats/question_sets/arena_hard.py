"""Arena-Hard-Auto (Li et al. 2024, arXiv 2406.11939): a judge's two games a question of a model against a baseline.

`question_id` (or `uid`), `model`, `judge`, `games`: two objects with a `score` from "A>>B" to "B>>A", or without one
(unparsed). The first game shows the baseline as A, the second the model. Newer files name the `baseline`; in others it
is called "baseline". Questions and answers come from `question.jsonl` and `model_answer/*.jsonl`, beside the file or up
to three levels up, where they are.

The benchmark counts a verdict ">>" as three battles, and leaves out a question with an unparsed game. The format
`arena_hard_weighted` (to be named) does so: every battle is an item, and a model's win rate, ties one half, is the
benchmark's score. In `arena_hard` a question is one item, which the judge saw in both orders.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import pandas as pd
from pydantic import AliasChoices, BeforeValidator, Field

from farm.data.files.rows import FileRow, Row, stream_records
from farm.labels.annotation_row import AnnotationRow, Name
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table

WEIGHT = 3
"""Battles that a verdict ">>" counts as."""
BASELINE = "baseline"
"""Who the models play against, in files that do not say it."""
_SCORES = ("A>>B", "A>B", "A=B", "B>A", "B>>A", "A<<B", "A<B", "B=A", "B<A", "B<<A")


def _known_score(value: object) -> object:
    if value is not None and value not in _SCORES:
        raise ValueError(f"one of {', '.join(_SCORES)}, or nothing (unparsed)")
    return value


class _Game(FileRow):
    score: Annotated[str | None, BeforeValidator(_known_score)]


class _Games(FileRow):
    question_id: Name = Field(validation_alias=AliasChoices("question_id", "uid"))
    model: Name
    judge: Name
    baseline: str | None = None
    category: str | None = None
    games: list[_Game | None] = Field(min_length=2, max_length=2)

    @property
    def scores(self) -> list[str | None]:
        return [None if game is None else game.score for game in self.games]


class _Texts(NamedTuple):
    """Questions by id, and answers by model and question."""

    questions: Mapping[str, str]
    answers: Mapping[tuple[str, str], str]


def read_arena_hard(source: Source, assumed_kind: Kind | None, *, is_weighted: bool) -> pd.DataFrame:  # noqa: ARG001
    """The annotation table of a file of judgments, or of all below a folder.

    Args:
        source: a file (one model) or a folder (many).
        assumed_kind: not used: models judge.
        is_weighted: whether ">>" counts as three battles, and questions with an unparsed game are left out.

    Raises:
        DataError: nothing there, malformed rows, or an unknown score.
    """
    files = source.files_with(_is_games, holding="judgments with question_id, model, judge and two games")
    notes: list[str] = []
    rows = [row for file in files for row in _rows(file, is_weighted=is_weighted, notes=notes)]
    return annotation_table(rows, notes, where=source.where)


def _rows(file: Path, *, is_weighted: bool, notes: list[str]) -> Iterator[AnnotationRow]:
    texts = _texts_beside(file)
    n_questions = n_unparsed = n_bare = n_unnamed = 0
    for games in stream_records(file, _Games):
        n_questions += 1
        n_unnamed += games.baseline is None
        n_bare += games.question_id not in texts.questions
        is_unparsed = None in games.scores
        n_unparsed += is_unparsed
        if not (is_weighted and is_unparsed):
            yield from _verdicts(games, texts, is_weighted=is_weighted)
    for count, what in (
        (n_unnamed, f"do not name the baseline; it is called {BASELINE!r}"),
        (n_unparsed, "have an unparsed game" + (" and are left out, as the benchmark does" if is_weighted else "")),
        (n_bare, "come without the texts they are about"),
    ):
        if count:
            notes.append(f"{file.name}: {count} of {n_questions} judgments {what}")


def _verdicts(games: _Games, texts: _Texts, *, is_weighted: bool) -> Iterator[AnnotationRow]:
    """The two games in the order of (baseline, model); as many times as they count."""
    question, baseline = games.question_id, games.baseline or BASELINE
    pair = f"arena_hard-{question}-{baseline}-vs-{games.model}"
    for first_shown, score in enumerate(games.scores, start=1):
        n_battles = WEIGHT if is_weighted and score is not None and (">>" in score or "<<" in score) else 1
        for battle in range(1, n_battles + 1):
            yield AnnotationRow(
                # Of two verdicts on one item the mean counts; battles are counted one by one.
                item_id=f"{pair}/{first_shown}-{battle}" if is_weighted else pair,
                dataset=f"arena_hard/{games.category}" if games.category else "arena_hard",
                # Models' answers to one question are drawn together, so they need one instruction.
                instruction=texts.questions.get(question, f"Arena-Hard question {question}"),
                model_1=baseline,
                model_2=games.model,
                output_1=texts.answers.get((baseline, question), ""),
                output_2=texts.answers.get((games.model, question), ""),
                annotator=games.judge,
                annotator_kind="llm",
                preference=_preference(score, is_baseline_a=first_shown == 1),
                raw_label=score,
                first_shown=first_shown,
            ).read_from(games.columns)


def _preference(score: str | None, *, is_baseline_a: bool) -> float | None:
    """1 where the baseline wins, 2 where the model does."""
    if score is None:
        return None
    if "=" in score:
        return 1.5
    a_wins = (score[0] == "A") == (">" in score)
    return 1.0 if a_wins == is_baseline_a else 2.0


class _Part(FileRow):
    content: str


class _Question(FileRow):
    question_id: Name = Field(validation_alias=AliasChoices("question_id", "uid"))
    turns: list[_Part] = Field(default_factory=list)
    prompt: str | None = None

    @property
    def text(self) -> str:
        return self.prompt if self.prompt is not None else "\n\n".join(turn.content for turn in self.turns)


class _Choice(FileRow):
    turns: list[_Part]


class _Content(FileRow):
    answer: str


class _Reply(FileRow):
    role: Literal["user", "assistant", "system"]
    content: _Content | str

    @property
    def text(self) -> str:
        return self.content.answer if isinstance(self.content, _Content) else self.content


class _Answer(FileRow):
    question_id: Name = Field(validation_alias=AliasChoices("question_id", "uid"))
    model: Name = Field(validation_alias=AliasChoices("model_id", "model"))
    choices: list[_Choice] = Field(default_factory=list)
    messages: list[_Reply] = Field(default_factory=list)

    @property
    def text(self) -> str:
        """The last turn of version 2's messages; the first choice of version 0.1."""
        if self.messages:
            return self.messages[-1].text
        return "\n\n".join(turn.content for turn in self.choices[0].turns) if self.choices else ""


def _texts_beside(file: Path) -> _Texts:
    for folder in list(file.resolve().parents)[:4]:
        questions, answers = folder / "question.jsonl", folder / "model_answer"
        if questions.is_file() and answers.is_dir():
            of_models = (stream_records(path, _Answer) for path in sorted(answers.glob("*.jsonl")))
            return _Texts(
                {question.question_id: question.text for question in stream_records(questions, _Question)},
                {(answer.model, answer.question_id): answer.text for of_model in of_models for answer in of_model},
            )
    return _Texts({}, {})


def _is_games(path: Path, row: Row) -> bool:  # noqa: ARG001 - the names of the columns tell
    return {"model", "judge", "games"} <= set(row) and bool({"question_id", "uid"} & set(row))


FORMAT = AnnotationFormat(
    name="arena_hard",
    holds="Arena-Hard's judgments: question_id, model, judge, two games with a score (A>>B ... B>>A)",
    recognises=lambda source: any(_is_games(source.path, row) for row in source.first_rows),
    read=partial(read_arena_hard, is_weighted=False),
)
WEIGHTED = AnnotationFormat(
    name="arena_hard_weighted",
    holds="Arena-Hard's judgments with >> counted as three battles, as the benchmark does (to be named)",
    recognises=lambda source: False,  # noqa: ARG005 - read only where it is asked for
    read=partial(read_arena_hard, is_weighted=True),
)
