"""A model's length-controlled win rate: with published weights or gamed rows as AlpacaEval has it, else fitted with its
interval.

AlpacaEval's model (Dubois et al. 2024, section 3): logit P(model preferred) = w_length tanh(d / sd(d)) +
w_difficulty difficulty + w_model; at equal length the first term is 0. Its files give the weights by model and the
difficulty by instruction; the two are joined by the instruction's text, never by the row.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import special

from farm.bounded.numbers import finite_number
from farm.data.files.open_files import READ_ERRORS, open_text
from farm.data.files.table_files import DataError, not_there
from farm.errors import UnfitError
from farm.leaderboard.evaluation.evaluated import Evaluated
from farm.leaderboard.evaluation.text_keys import merged_key
from farm.leaderboard.tracks.track import Track
from farm.stats.bootstrap import Estimate, FloatArray, Resampling
from farm.stats.length_control.alpaca_eval import GamedRows, fit_as_alpaca_eval, win_rate_of_weights
from farm.stats.length_control.length import length_controlled_rates

_DIFFICULTY = "instruction_difficulty"
_MODEL = "not_gamed_baseline.astype(float)"


class Weights(NamedTuple):
    """Published weights of one model."""

    of_difficulty: float
    of_model: float


@dataclass(frozen=True, kw_only=True)
class Published:
    """AlpacaEval's files; empty where the track has none."""

    weights: Mapping[str, Weights]
    """By model."""
    difficulty: Mapping[str, float]
    """By the instruction's text (`merged_key`)."""
    gamed: GamedRows | None
    """Verdicts on the baseline itself; None where the track has none."""


def read_published(track: Track) -> Published:
    """The files that a track names.

    Raises:
        DataError: one is missing or malformed.
    """
    weights, difficulty, gamed = (track.file(path) for path in (track.weights, track.difficulty, track.gamed))
    return Published(
        weights={} if weights is None else _read_weights(weights),
        difficulty={} if difficulty is None else _read_difficulty(difficulty),
        gamed=None if gamed is None else _read_gamed(gamed),
    )


def length_controlled(
    model: Evaluated, published: Published, resampling: Resampling, estimated: Mapping[str, float]
) -> Estimate:
    """The model's win rate at equal length, or the reason why there is none.

    Args:
        model: with its answers beside the verdicts.
        published: weights and difficulties, if there are some. With weights of this model the figure is the published
            one and has no interval, for the fit behind it is not known; with gamed rows it is AlpacaEval's own fit,
            which has none; with difficulties alone they enter the default fit.
        resampling: draws the instructions.
        estimated: difficulty by instruction key, for the default fit where the track has no file; empty if there is
            none.
    """
    scores = np.array([np.nan if v.score is None else v.score for v in model.verdicts], dtype=np.float64)
    difficulty = _difficulty(model, published)
    weights = published.weights.get(model.entry.name)
    if weights is not None and difficulty is not None:
        return _with_weights(scores, difficulty, weights)
    gaps = [
        v.style.length - v.reference_style.length if v.reference_style is not None else math.nan for v in model.verdicts
    ]
    known = None if difficulty is None or np.isnan(difficulty).any() else difficulty
    if difficulty is None and estimated:
        known = np.array([estimated[v.instruction_key] for v in model.verdicts], dtype=np.float64)
    if published.gamed is not None and difficulty is not None:
        return _as_alpaca_eval(scores, np.array(gaps), difficulty, published.gamed)
    (rate,) = length_controlled_rates([scores], [np.array(gaps)], difficulty=known, resampling=resampling)
    return rate.estimate


def _as_alpaca_eval(scores: FloatArray, gaps: FloatArray, difficulty: FloatArray, gamed: GamedRows) -> Estimate:
    n_total = int(np.isfinite(scores).sum())
    n_unknown, value = int(np.isnan(difficulty).sum()), None
    try:
        why = f"{n_unknown} instructions have no difficulty in the track's file"
        if n_unknown == 0:
            value = win_rate_of_weights(fit_as_alpaca_eval(scores, gaps, difficulty, gamed), difficulty)
            why = "no interval: AlpacaEval's fit has none; without gamed rows there is one"
    except UnfitError as error:
        why = str(error)
    return Estimate(value=value, low=None, high=None, n_total=n_total, n_unparsed=len(scores) - n_total, reason=why)


def _with_weights(scores: FloatArray, difficulty: FloatArray, weights: Weights) -> Estimate:
    is_parsed = np.isfinite(scores)
    n_total, n_unparsed = int(is_parsed.sum()), int((~is_parsed).sum())
    n_unknown = int(np.isnan(difficulty[is_parsed]).sum())
    if n_unknown or not n_total:
        why = f"{n_unknown} instructions have no difficulty in the track's file" if n_unknown else "nothing was parsed"
        return Estimate(value=None, low=None, high=None, n_total=n_total, n_unparsed=n_unparsed, reason=why)
    value = special.expit(weights.of_difficulty * difficulty[is_parsed] + weights.of_model).mean()
    why = "no interval: published weights do not say how well they are known"
    return Estimate(value=float(value), low=None, high=None, n_total=n_total, n_unparsed=n_unparsed, reason=why)


def _difficulty(model: Evaluated, published: Published) -> FloatArray | None:
    """By verdict; NaN where the file has not got the instruction, None where there is no file."""
    if not published.difficulty:
        return None
    keys = [merged_key(answer.instruction, answer.input) for answer in model.answers]
    return np.array([published.difficulty.get(key, math.nan) for key in keys], dtype=np.float64)


def _read_weights(path: Path) -> dict[str, Weights]:
    weights = {}
    for number, row in enumerate(_csv_rows(path, (_DIFFICULTY, _MODEL)), start=1):
        name = next(iter(row.values()))
        if name in weights:
            raise DataError(f"{path}: row {number}: the weights of {name!r} stand there twice")
        weights[name] = Weights(_number(path, number, row, _DIFFICULTY), _number(path, number, row, _MODEL))
    return weights


def _read_difficulty(path: Path) -> dict[str, float]:
    difficulty = dict[str, float]()
    for number, row in enumerate(_csv_rows(path, ("instruction", _DIFFICULTY)), start=1):
        key, value = merged_key(row["instruction"], ""), _number(path, number, row, _DIFFICULTY)
        if difficulty.setdefault(key, value) != value:
            raise DataError(f"{path}: row {number}, field `instruction`: stands there twice with two difficulties")
    return difficulty


def _read_gamed(path: Path) -> GamedRows:
    """df_gamed.csv: the share of the gamed output's preference, and std_delta_len as baseline minus gamed output."""
    columns = ("preference", "std_delta_len", _DIFFICULTY)
    cells = [
        [_number(path, number, row, name) for name in columns]
        for number, row in enumerate(_csv_rows(path, columns), start=1)
    ]
    for number, (score, _, _) in enumerate(cells, start=1):
        if not 0 <= score <= 1:
            raise DataError(f"{path}: row {number}, field `preference`: expected a number from 0 to 1, got {score}")
    scores, scaled, difficulty = np.array(cells, dtype=np.float64).T
    return GamedRows(scores, -scaled, difficulty)


def _csv_rows(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    """Rows of a CSV table, whose first column may have no name, as pandas writes it."""
    if not path.is_file():
        raise DataError(not_there(path))
    try:
        with open_text(path) as stream:
            reader = csv.DictReader(stream, strict=True)
            absent = [name for name in needed if name not in (reader.fieldnames or ())]
            if absent:
                raise DataError(f"{path}: expected the columns {', '.join(needed)}; it lacks {', '.join(absent)}")
            rows = list(reader)
    except (*READ_ERRORS, csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    if not rows:
        raise DataError(f"{path}: no rows")
    for number, row in enumerate(rows, start=1):
        if None in row or None in row.values():
            raise DataError(f"{path}: row {number}: expected {len(reader.fieldnames or ())} cells")
    return rows


def _number(path: Path, number: int, row: Mapping[str, str], name: str) -> float:
    try:
        value = finite_number(float(row[name]))
    except ValueError:
        value = None
    if value is None:
        raise DataError(f"{path}: row {number}, field `{name}`: expected a number, got {row[name]!r:.60}")
    return value
