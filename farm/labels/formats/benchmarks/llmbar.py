"""LLMBar (Zeng et al. 2024) with its recorded judges, and the sets that its authors processed into the same form.

A subset is a folder with `dataset.json` (`input`, `output_1`, `output_2`, gold `label`) and, for each judge and prompt,
`evaluators/<judge>/<prompt>/result.json`, rows of the same pairs with `results`: one to three steps, of which the last
is the verdict. It was asked in both orders, `swap = False` and `swap = True`; both winners are already in the order of
the dataset. None is unparsed. One row of the table for each, by the annotator `<judge>/<prompt>`, and the gold labels
by `llmbar_gold`.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pandas as pd

from farm.data.files.rows import DataError, FileRow, read_records
from farm.labels.annotation_row import AnnotationRow, Written
from farm.labels.annotation_source import AnnotationFormat, Kind, Source, first_row
from farm.labels.annotation_table import annotation_table

DATASET_FILE, RESULT_FILE = "dataset.json", "result.json"
GOLD = "llmbar_gold"
_ORDERS = {1: "swap = False", 2: "swap = True"}
"""By the output that was shown first."""
_WINNERS = {"none": None, "1": 1.0, "2": 2.0, "tie": 1.5}


class _Pair(FileRow):
    input: str
    output_1: Written
    output_2: Written
    label: Literal[1, 2, "1", "2"]


class _Result(_Pair):
    results: list[object]
    """Steps; the earlier ones of some prompts are lists of questions or references, the last names the winners."""


def read_llmbar(source: Source, assumed_kind: Kind | None) -> pd.DataFrame:  # noqa: ARG001 - known from the files
    """The annotation table of a subset, or of every subset below a folder: gold labels and judges.

    Args:
        source: a folder (without a `dataset.json` below it: its judges alone), a `dataset.json` (alone: the gold
            labels), or a `result.json` (alone: one judge).

    Raises:
        DataError: nothing there, malformed rows, or a result for other pairs than the dataset's.
    """
    root = source.path
    files = [root] if root.name == DATASET_FILE else sorted(root.rglob(DATASET_FILE))
    rows: list[AnnotationRow] = []
    if not files:
        results = [root] if root.is_file() else sorted(root.rglob(RESULT_FILE))
        if not results:
            raise DataError(f"{root}: expected LLMBar's folder, somewhere below it a {DATASET_FILE}")
        for result in results:
            above = result.resolve().parents
            rows += _judge_rows(result, None, _subset(above[min(3, len(above) - 1)]))
    for file in files:
        pairs, subset = read_records(file, _Pair), _subset(file.parent)
        rows += [_row(pair, subset, k, annotator=GOLD, winner=str(pair.label)) for k, pair in enumerate(pairs)]
        if root.is_dir():
            for result in sorted(file.parent.glob(f"evaluators/*/*/{RESULT_FILE}")):
                rows += _judge_rows(result, pairs, subset)
    return annotation_table(rows, _unparsed(rows), where=source.where)


def _subset(folder: Path) -> str:
    """`.../Dataset/LLMBar/Adversarial/GPTInst` -> `LLMBar/Adversarial/GPTInst`; without a `Dataset`, the last name."""
    parts = folder.resolve().parts
    start = len(parts) - parts[::-1].index("Dataset") if "Dataset" in parts else len(parts) - 1
    return "/".join(parts[start:]) or folder.name


def _judge_rows(path: Path, pairs: Sequence[_Pair] | None, subset: str) -> list[AnnotationRow]:
    results = read_records(path, _Result)
    if pairs is not None:
        own = [(result.input, result.output_1, result.output_2) for result in results]
        if own != [(pair.input, pair.output_1, pair.output_2) for pair in pairs]:
            raise DataError(
                f"{path}: expected the {len(pairs)} pairs of {DATASET_FILE} in its order; it has {len(results)} rows, "
                "some with other texts"
            )
    judge = "/".join(path.parent.parts[-2:])
    return [
        _row(result, subset, number, annotator=judge, first_shown=order, winner=_winner(path, number, result, swap))
        for order, swap in _ORDERS.items()
        for number, result in enumerate(results)
    ]


def _winner(path: Path, number: int, result: _Result, swap: str) -> str:
    """The word in the last step's field `winner`, "None" if unparsed."""
    last = result.results[-1] if result.results else None
    verdict = last.get(swap) if isinstance(last, dict) else None
    if not isinstance(verdict, dict) or "winner" not in verdict:
        raise DataError(
            f"{path}: row {number + 1}, field `results`: expected a last step with `{swap}` and its `winner`"
        )
    if str(verdict["winner"]).lower() not in _WINNERS:
        raise DataError(
            f"{path}: row {number + 1}, field `results`: expected the winner 1, 2, tie or null, "
            f"got {verdict['winner']!r}"
        )
    return str(verdict["winner"])


def _score(result: _Pair, side: str) -> float | None:
    """Rating prompts score each output alone; the score is the first word of the step's reply."""
    last = result.results[-1] if isinstance(result, _Result) and result.results else None
    reply = last.get(f"score_{side}") if isinstance(last, dict) else None
    try:
        return float(reply[0]) if isinstance(reply, list) and reply else None
    except (TypeError, ValueError):
        return None


def _row(
    pair: _Pair, subset: str, number: int, *, annotator: str, winner: str, first_shown: int | None = None
) -> AnnotationRow:
    return AnnotationRow(
        item_id=f"llmbar-{subset.replace('/', '.')}-{number:03d}",
        dataset=f"llmbar/{subset}",
        instruction=pair.input,
        output_1=pair.output_1,
        output_2=pair.output_2,
        annotator=annotator,
        annotator_kind="human" if annotator == GOLD else "llm",
        preference=_WINNERS[winner.lower()],
        raw_label=winner,
        first_shown=first_shown,
        score_1=_score(pair, "1"),
        score_2=_score(pair, "2"),
    ).read_from(pair.columns)


def _unparsed(rows: Sequence[AnnotationRow]) -> list[str]:
    counts = Counter(row.annotator for row in rows if row.preference is None)
    if not counts:
        return []
    (most, n_most), *_ = counts.most_common(1)
    return [
        f"{sum(counts.values())} verdicts of {len(counts)} annotators are unparsed, most of them ({n_most}) {most}'s"
    ]


def _is_llmbar(source: Source) -> bool:
    if source.path.is_file():
        needed = {"input", "output_1", "output_2", "label"}
        return source.path.name in (DATASET_FILE, RESULT_FILE) and needed <= set(source.first_rows[0])
    results = [file for file in source.tables if file.name == RESULT_FILE]
    is_judged = bool(results) and {"results", "label"} <= set(first_row(results[0]))
    return is_judged or any(file.name == DATASET_FILE for file in source.tables)


FORMAT = AnnotationFormat(
    name="llmbar",
    holds="LLMBar: a folder with dataset.json and evaluators/<judge>/<prompt>/result.json, or several of them",
    recognises=_is_llmbar,
    read=read_llmbar,
)
