"""MT-Bench's votes (Zheng et al. 2023): experts, authors and GPT-4 on two models' answers to 80 two-turn questions.

The hub's `lmsys/mt_bench_human_judgments` and FastChat's vote files: `question_id`, `model_a`, `model_b`, `winner`,
`judge`, `turn`, and mostly the conversations; FastChat's `gpt-4_pair.jsonl` with the two games of a judge is read too.
Without conversations the texts come from `question.jsonl` and `model_answer/*.jsonl`, beside the file or one level up.

An item is (question, turn, the two models in alphabetical order), so that votes with the sides exchanged meet. Only the
answer of the turn is the output; the instruction holds the user's turns up to it. "tie (inconsistent)", where a judge
contradicted itself when the order changed, counts as a tie and stays in `raw_label`. Experts and authors are hashed.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
from pydantic import BeforeValidator

from farm.data.files.rows import FileRow, Name, Row, read_records
from farm.labels.annotation_row import AnnotationRow
from farm.labels.annotation_source import AnnotationFormat, Kind, Source
from farm.labels.annotation_table import annotation_table
from farm.labels.formats.arenas.battles import WINNERS, Messages, Votes, dialogue, joined_note
from farm.labels.formats.question_sets.question_texts import QuestionTexts, texts_beside
from farm.labels.identifiers import hashed_name

_MODEL_JUDGE = re.compile(r"gpt|claude|gemini|llama|mistral|qwen|palm|[-_]pair", re.IGNORECASE)

LATER_TURN = "verdicts are on a later turn; its answer is shown, no earlier one, with the user's messages up to it"
"""What is shown where a turn after the first was judged."""
_PEOPLE = re.compile(r"expert|author|arena_user")
"""How the names of people begin."""


def _judge(value: object) -> object:
    """FastChat writes a judge as [model, prompt]."""
    return "/".join(str(part) for part in value) if isinstance(value, list) else value


JudgeName = Annotated[str, BeforeValidator(_judge)]
"""A judge, as model/prompt where the file has both."""


class _Vote(Votes):
    question_id: int
    turn: int
    judge: JudgeName


_Game = Literal["model_1", "model_2", "tie", "error"]


class _Games(FileRow):
    question_id: int
    turn: int
    judge: JudgeName
    model_1: Name
    model_2: Name
    g1_winner: _Game
    g2_winner: _Game


def read_mt_bench(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:
    """The annotation table of a file of votes, or of all below a folder.

    Args:
        source: a file or a folder.
        assumed_kind: the kind of judges whose name does not tell (expert, author, arena user: human; gpt...: llm).

    Raises:
        DataError: nothing there, malformed rows, or an unknown winner.
    """
    files = source.files_with(_is_votes, holding="votes with question_id, turn, judge, model_a, model_b and winner")
    rows: list[AnnotationRow] = []
    notes: list[str] = []
    n_joined = 0
    for file in files:
        texts = texts_beside(file)
        votes = list(_votes(file, source))
        read = [_row(vote, texts, assumed_kind) for vote in votes]
        has_texts = [bool(row.output_1 or row.output_2) for row in read]
        n_bare = has_texts.count(False)
        n_joined += sum(known and vote.turn > 1 for known, vote in zip(has_texts, votes, strict=True))
        if n_bare:
            notes.append(f"{file.name}: {n_bare} of {len(read)} votes come without the texts they are about")
        rows += read
    n_inconsistent = sum(row.raw_label == "tie (inconsistent)" for row in rows)
    if n_inconsistent:
        notes.append(f"{n_inconsistent} verdicts changed with the order of the answers and count as ties")
    notes += joined_note(n_joined, len(rows), LATER_TURN)
    return annotation_table(rows, notes, where=source.where)


def _votes(file: Path, source: Source) -> Iterator[_Vote]:
    row = next((row for path, row in zip(source.tables, source.first_rows, strict=False) if path == file), {})
    if "g1_winner" not in row:
        yield from read_records(file, _Vote)
        return
    for games in read_records(file, _Games):
        yield _Vote(
            question_id=games.question_id,
            turn=games.turn,
            judge=games.judge,
            model_a=games.model_1,
            model_b=games.model_2,
            winner=_settled(games.g1_winner, games.g2_winner),
        ).with_columns(games.columns)


def _settled(game_1: _Game, game_2: _Game) -> str:
    """A win needs both games; g1 shows model_1 first, g2 model_2, both name the winner whatever the order."""
    if "error" in (game_1, game_2):
        return "error"
    if game_1 != game_2:
        return "tie (inconsistent)"
    return {"model_1": "model_a", "model_2": "model_b"}.get(game_1, "tie")


def _annotator(judge: str, assumed_kind: Kind | None) -> tuple[str, Kind]:
    group = re.match(_PEOPLE, judge)
    if group is None and _MODEL_JUDGE.search(judge):
        return judge, "llm"
    kind = "human" if group else assumed_kind or "human"
    if kind == "llm":
        return judge, kind
    return hashed_name(f"mt_bench_{group[0]}" if group else "mt_bench_human", judge), kind


def _judge_kind(judge: str, kind: Kind) -> str:
    """What conditions can call `judge_kind`: expert, author, arena_user, human for other people, llm."""
    group = re.match(_PEOPLE, judge)
    return group[0] if group is not None else kind


def _turn(messages: Messages, texts: QuestionTexts, model: str, vote: _Vote) -> tuple[str, str]:
    asked, answered = dialogue(messages)
    if not answered:
        asked = texts.questions.get(vote.question_id, [])
        answered = texts.answers.get((model, vote.question_id), [])
    output = answered[vote.turn - 1] if 1 <= vote.turn <= len(answered) else ""
    return "\n\n".join(asked[: vote.turn]), output


def _row(vote: _Vote, texts: QuestionTexts, assumed_kind: Kind | None) -> AnnotationRow:
    annotator, kind = _annotator(vote.judge, assumed_kind)
    instruction, output_a = _turn(vote.conversation_a, texts, vote.model_a, vote)
    _, output_b = _turn(vote.conversation_b, texts, vote.model_b, vote)
    is_ab = vote.model_a <= vote.model_b
    preference = WINNERS[vote.winner]
    (model_1, output_1), (model_2, output_2) = sorted(
        [(vote.model_a, output_a), (vote.model_b, output_b)], key=lambda side: side[0]
    )
    return AnnotationRow(
        item_id=f"mt_bench-{vote.question_id}-{vote.turn}-{model_1}-vs-{model_2}",
        dataset=f"mt_bench/turn_{vote.turn}",
        # Models' answers to one question are drawn together, so they need one instruction.
        instruction=instruction or f"MT-Bench question {vote.question_id}, turn {vote.turn}",
        model_1=model_1,
        model_2=model_2,
        output_1=output_1,
        output_2=output_2,
        annotator=annotator,
        annotator_kind=kind,
        preference=preference if preference is None or is_ab else 3 - preference,
        raw_label=vote.winner,
        # A model's verdict is settled from both orders; a person saw model_a on the left.
        first_shown=0 if kind == "llm" else (1 if is_ab else 2),
    ).read_from(vote.columns, judge_kind=_judge_kind(vote.judge, kind))


def _is_votes(path: Path, row: Row) -> bool:  # noqa: ARG001 - the names of the columns tell
    games = {"question_id", "turn", "model_1", "model_2", "g1_winner", "g2_winner"}
    votes = {"question_id", "turn", "model_a", "model_b", "winner"}
    names = set(row)
    is_arena = bool(names & {"tstamp", "anony", "language"}) or isinstance(row.get("question_id"), str)
    return games <= names or (votes <= names and not is_arena)


FORMAT = AnnotationFormat(
    name="mt_bench",
    holds="MT-Bench's votes: question_id, turn, judge, model_a, model_b, winner (or FastChat's gpt-4_pair.jsonl)",
    recognises=lambda source: any(_is_votes(source.path, row) for row in source.first_rows),
    read=read_mt_bench,
    rule="votes",
)
