"""Old evaluation folders of OpenChat: eval_result_YYYYMMDD/MODEL_VS_BASELINE.jsonl, Vicuna-Bench judged in both orders.

A row is the model's answer (`text` is the question, `answer`) with `score`: `raw_a` and `raw_b` hold, for one order
each, the judge's two scores (model, baseline; 1 to 10) and its reply. A reply without scores was stored as 0 and 0 and
counted in OpenChat's means all the same, which made them too low; here that order is left out. The model wins where
its mean over the orders that were read is higher. A row without `score` was never judged.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from farm.data.files.rows import FileRow, read_records
from farm.data.files.table_files import DataError
from farm.leaderboard.evaluation.recorded import NOBODY, RecordedModel, RecordedVerdict
from farm.records import Instruction

_FOLDER = re.compile(r"eval_result_\d{8}")
_BETWEEN = "_VS_"


class AnswerRow(FileRow):
    """One answer, of the model or of the baseline."""

    text: str
    """The question."""
    answer: str
    score: dict[str, object] | None = None


class _Order(NamedTuple):
    """What the judge said in one order."""

    model: float
    baseline: float
    reply: str


def result_files(path: Path) -> list[Path]:
    """The files of an evaluation, the newest one of a folder that holds several; empty if the path is none."""
    folders = [path] if _FOLDER.fullmatch(path.name) else sorted(p for p in path.glob("eval_result_*") if p.is_dir())
    folders = [folder for folder in folders if _FOLDER.fullmatch(folder.name)]
    return sorted(folders[-1].glob(f"*{_BETWEEN}*.jsonl")) if folders else []


def read_results(file: Path) -> RecordedModel:
    """One model's verdicts.

    Raises:
        DataError: rows that do not fit; the baseline's answers are not there, or lack a question.
    """
    name, _, baseline = file.stem.partition(_BETWEEN)
    references = _references(file, baseline)
    verdicts, unread, sums = [], 0, [0.0, 0.0]
    for number, row in enumerate(read_records(file, AnswerRow), 1):
        if row.text not in references:
            raise DataError(f"{file}: row {number}, field `text`: {baseline} has no answer to this question")
        orders = _orders(file, number, row.score)
        read = [order for order in orders if (order.model, order.baseline) != (0, 0)]
        unread += len(orders) - len(read)
        means = (_mean([o.model for o in read]), _mean([o.baseline for o in read])) if read else None
        if means is not None:
            sums = [total + mean for total, mean in zip(sums, means, strict=True)]
        verdicts.append(
            RecordedVerdict(
                row=number,
                instruction=Instruction(instruction=row.text),
                output=row.answer,
                reference=references[row.text],
                score=None if means is None else 0.5 + 0.5 * ((means[0] > means[1]) - (means[0] < means[1])),
                cost_usd=None,
                reply="\n\n".join(order.reply for order in orders),
            )
        )
    return RecordedModel(
        path=file, name=name, annotator=NOBODY, reference_name=baseline, verdicts=verdicts,
        notes=_notes(name, baseline, unread, sums),
    )  # fmt: skip


def _mean(scores: Sequence[float]) -> float:
    return sum(scores) / len(scores)


def _references(file: Path, baseline: str) -> Mapping[str, str]:
    folder = file.parent.parent
    found = [path for path in (folder / f"{baseline}.jsonl", file.parent / f"{baseline}.jsonl") if path.is_file()]
    found = found or sorted(folder.parent.glob(f"*/{baseline}.jsonl"))
    if not found:
        raise DataError(
            f"{file}: the answers of {baseline}, with which it was compared, are not there; put them at "
            f"{folder / f'{baseline}.jsonl'} (rows with text and answer)"
        )
    return {row.text: row.answer for row in read_records(found[0], AnswerRow)}


def _orders(file: Path, number: int, score: Mapping[str, object] | None) -> list[_Order]:
    """What the judge said, in the orders in which it was asked; empty if it never was."""
    orders = []
    for side in ("raw_a", "raw_b") if score is not None else ():
        match (score or {}).get(side):
            case [[int() | float() as model, int() | float() as baseline], str() as reply] if (
                0 <= model <= 10 and 0 <= baseline <= 10
            ):
                orders.append(_Order(float(model), float(baseline), reply))
            case other:
                raise DataError(
                    f"{file}: row {number}, field `score.{side}`: expected two scores of 0 to 10 and a reply, "
                    f'[[8, 7], "..."], got {other!r:.80}'
                )
    return orders


def _notes(name: str, baseline: str, unread: int, sums: Sequence[float]) -> list[str]:
    notes = []
    if sums[1] > 0:
        notes.append(f"{name}: its scores sum to {100 * sums[0] / sums[1]:.1f}% of those of {baseline}")
    if unread:
        notes.append(f"{name}: {unread} replies without scores were left out, which OpenChat counted as 0")
    return notes
