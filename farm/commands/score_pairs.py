"""`farm score pairs=PATH`: how well a reward model predicts the labels of pairs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from farm.analysis.reward_models.picture import draw_reward_report
from farm.analysis.reward_models.report import CALIBRATION_PNG, RewardReport, reward_page, write_reward_report
from farm.conversation import messages_as_text
from farm.data.files.column_mapping import ColumnMapping
from farm.data.files.rows import DataError
from farm.disk import whole_file
from farm.labels.labelled_pairs import LabelledPair, LabelledPairs, read_labelled_pairs, right_and_wrong
from farm.labels.row_filter import RowFilter
from farm.models.scoring.output_scorer import OutputScorer
from farm.models.scoring.reward import score_scale
from farm.plain_text import say
from farm.progress import progress
from farm.records import Output
from farm.reports.page import terminal
from farm.stats.bootstrap import Resampling
from farm.stats.reward_evaluation import evaluate_scores
from farm.stats.solved_prompts import ScoredAnswers, solved_shares

BATCHES_PER_CHUNK = 16
"""Outputs are sorted by length within so many batches."""
_Key = tuple[str, str, bool]


@dataclass(frozen=True, kw_only=True)
class PairSettings:
    """What evaluating on pairs needs beside the scorer."""

    reward_model: Path
    output: Path
    """Folder of the report."""
    columns: ColumnMapping
    """What a table in a layout of one's own calls its columns."""
    labels_of: str | None
    """The annotator whose labels count; None for people's, or everybody's where there are none."""
    where: tuple[RowFilter, ...]
    """Filters that leave the labels that count."""
    score_scale: float | None
    """Scores times this are log-odds; None: as the reward model's folder says."""
    length_gaps: tuple[int, ...]
    """Upper ends of the bins of length differences."""
    resampling: Resampling


def evaluate_on_pairs(settings: PairSettings, path: Path, load: Callable[[], OutputScorer]) -> int:
    """Write and print the evaluation; returns the exit code.

    Raises:
        DataError: nothing to evaluate on.
    """
    labelled = read_labelled_pairs(path, labels_of=settings.labels_of, columns=settings.columns, where=settings.where)
    scores = _scores(load(), labelled)
    is_scored = [np.isfinite(scores[_key(p.preferred)]) and np.isfinite(scores[_key(p.other)]) for p in labelled.pairs]
    kept = [pair for pair, scored in zip(labelled.pairs, is_scored, strict=True) if scored]
    if not kept:
        raise DataError(f"{path}: no output pair of {len(labelled.pairs)} got two scores; they are too long")
    scale = score_scale(settings.reward_model) if settings.score_scale is None else settings.score_scale
    margins = np.array([scores[_key(pair.preferred)] - scores[_key(pair.other)] for pair in kept])
    evaluation = evaluate_scores(
        [pair.item_id for pair in kept],
        margins * scale,
        np.array([len(pair.preferred.output) - len(pair.other.output) for pair in kept], dtype=np.float64),
        prompts=_prompts(kept),
        gap_bounds=settings.length_gaps,
        resampling=settings.resampling,
    )
    report = RewardReport(
        reward_model=str(settings.reward_model),
        pairs=str(path),
        annotators=labelled.annotators,
        n_ties=labelled.n_ties,
        n_unparsed=labelled.n_unparsed,
        n_same=labelled.n_same,
        n_unscored=len(labelled.pairs) - len(kept),
        score_scale=scale,
        evaluation=evaluation,
        solved=solved_shares(_scored_answers(labelled, scores), settings.resampling),
        notes=labelled.notes,
    )
    draw_reward_report(report, settings.output / CALIBRATION_PNG)
    files = write_reward_report(report, settings.output)
    _write_pairs(labelled, scores, settings.output / "pairs.parquet")
    print(f"\n{terminal(reward_page(report))}")
    for path in (*files, settings.output / "pairs.parquet"):
        say(f"  {path}")
    return 0


def _prompts(pairs: Sequence[LabelledPair]) -> list[str]:
    """The prompt of each label, named by the first pair on it; a pair whose prompt is not recorded is one by itself."""
    first: dict[str, str] = {}
    return [
        first.setdefault(pair.preferred.instruction_key, pair.item_id)
        if pair.preferred.instruction or pair.preferred.history
        else pair.item_id
        for pair in pairs
    ]


def _scored_answers(labelled: LabelledPairs, scores: Mapping[_Key, float]) -> list[ScoredAnswers]:
    """The prompts with right and wrong outputs that all have a score."""
    prompts = []
    for group in right_and_wrong(labelled.pairs):
        right, wrong = (np.array([scores[_key(output)] for output in side]) for side in group)
        if np.isfinite(right).all() and np.isfinite(wrong).all():
            prompts.append(ScoredAnswers(group.right[0].dataset, right, wrong))
    return prompts


def _scores(scorer: OutputScorer, labelled: LabelledPairs) -> dict[_Key, float]:
    """The score of every distinct output, NaN where there is none."""
    outputs = {_key(output): output for pair in labelled.pairs for output in (pair.preferred, pair.other)}
    keys, scores = list(outputs), dict[_Key, float]()
    size = scorer.batch_size * BATCHES_PER_CHUNK
    with progress("scoring", total=len(keys), unit="outputs") as bar:
        for start in range(0, len(keys), size):
            chunk = keys[start : start + size]
            of_chunk = scorer.score([outputs[key] for key in chunk]).scores
            scores |= dict(zip(chunk, map(float, of_chunk), strict=True))
            bar.advance(len(chunk))
    return scores


def _write_pairs(labelled: LabelledPairs, scores: dict[_Key, float], path: Path) -> None:
    """One row a label that prefers one output: who, which pair, the two scores."""

    def row(pair: LabelledPair) -> dict[str, object]:
        return {
            "item_id": pair.item_id,
            "annotator": pair.annotator,
            "history": messages_as_text(pair.preferred.history),
            "instruction": pair.preferred.instruction,
            "input": pair.preferred.input,
            "preferred": pair.preferred.output,
            "other": pair.other.output,
            "score_preferred": scores[_key(pair.preferred)],
            "score_other": scores[_key(pair.other)],
        }

    frame = pd.DataFrame([row(pair) for pair in labelled.pairs])
    frame = frame if frame["history"].any() else frame.drop(columns="history")
    with whole_file(path) as draft:
        frame.to_parquet(draft, index=False)


def _key(output: Output) -> _Key:
    return output.instruction_key, output.output, output.is_finished
