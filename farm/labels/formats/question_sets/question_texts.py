"""MT-Bench's questions and answers as FastChat writes them: the texts that votes and grades are about."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from farm.data.files.rows import FileRow, Name, read_records


class _Question(FileRow):
    question_id: int
    turns: list[str]


class _Choice(FileRow):
    turns: list[str]


class _Answer(FileRow):
    question_id: int
    model_id: Name
    choices: list[_Choice]


class QuestionTexts(NamedTuple):
    """Questions and answers by their keys; empty if there are none."""

    questions: Mapping[int, list[str]]
    """The user's turns by question_id."""
    answers: Mapping[tuple[str, int], list[str]]
    """The model's turns by model and question_id."""

    def asked(self, question_id: int, turn: int) -> str:
        """The user's turns up to one, from 1; empty where the question is not there."""
        return "\n\n".join(self.questions.get(question_id, [])[:turn])

    def answered(self, model: str, question_id: int, turn: int) -> str:
        """The model's answer in one turn, from 1; empty where it is not there."""
        turns = self.answers.get((model, question_id), [])
        return turns[turn - 1] if 1 <= turn <= len(turns) else ""


def texts_beside(file: Path) -> QuestionTexts:
    """The texts in `question.jsonl` and `model_answer/*.jsonl`, beside the file or one level up; else none.

    Raises:
        DataError: malformed rows.
    """
    for folder in (file.parent, file.parent.parent):
        questions, answers = folder / "question.jsonl", folder / "model_answer"
        if questions.is_file() and answers.is_dir():
            given = [answer for path in sorted(answers.glob("*.jsonl")) for answer in read_records(path, _Answer)]
            return QuestionTexts(
                {question.question_id: question.turns for question in read_records(questions, _Question)},
                {(answer.model_id, answer.question_id): answer.choices[0].turns for answer in given if answer.choices},
            )
    return QuestionTexts({}, {})
