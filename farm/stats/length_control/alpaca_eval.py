"""AlpacaEval 2's length-controlled win rate, exactly as published: from its weights, or by its own fit.

Its fit (alpaca_eval 0.6.6, metrics/glm_winrate.py, "length_controlled_v1"): scikit-learn's LogisticRegressionCV with an
L1 penalty (liblinear, ten strengths, no intercept, random_state 123), five folds of whole instructions scored by soft
log-loss, soft labels as two rows with weights p and 1 - p, and the baseline's own rows when prompted to be concise and
verbose ("gamed") beside the model's, with weight 0.1 each, so that the length's coefficient is shared with them.

What we take differently: instructions are joined by whoever calls, by their text and never by the row, and length is
model minus reference. What is published has the other sign, and `published_weights` turns it.
"""

import csv
import io
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from farm.errors import UnfitError, UserError
from farm.stats.bootstrap import FloatArray

GAMED_WEIGHT = 0.2 / 2
"""Of each gamed row: regularize_to_baseline_lambda, shared by the two gamed baselines."""
N_FOLDS = 5
N_STRENGTHS = 10
"""Of the penalty, between 1e-4 and 1e4."""
RANDOM_STATE = 123
_COLUMNS = ("np.tanh(std_delta_len)", "instruction_difficulty", "not_gamed_baseline.astype(float)")


class AlpacaEvalWeights(NamedTuple):
    """One model's coefficients, in log-odds."""

    length: float
    """Of tanh(d / sd(d)), d = characters of the model's output minus the reference's."""
    difficulty: float
    model: float


class GamedRows(NamedTuple):
    """Verdicts on the baseline's own concise and verbose outputs against itself (df_gamed.csv of AlpacaEval)."""

    scores: FloatArray
    """(G,) how far the gamed output won, in [0, 1]; NaN = not parsed."""
    scaled_differences: FloatArray
    """(G,) d / sd(d), gamed output minus baseline: AlpacaEval's std_delta_len with the other sign."""
    difficulty: FloatArray
    """(G,) of the instruction."""


def published_weights(text: str) -> dict[str, AlpacaEvalWeights]:
    """Read the CSV of weights that AlpacaEval ships, by model.

    Raises:
        UserError: a column is missing, or a weight is no finite number.
    """
    rows = csv.DictReader(io.StringIO(text))
    names = rows.fieldnames or []
    missing = [name for name in _COLUMNS if name not in names]
    if missing:
        raise UserError(f"weights of AlpacaEval: no column {missing[0]!r}; expected {', '.join(_COLUMNS)}")
    weights = {}
    for line, row in enumerate(rows, start=2):
        length, difficulty, model = (_number(row[name], name, line) for name in _COLUMNS)
        weights[row[names[0]]] = AlpacaEvalWeights(-length, difficulty, model)
    return weights


def win_rate_of_weights(weights: AlpacaEvalWeights, difficulty: FloatArray) -> float:
    """The length-controlled win rate in [0, 1]: what the weights say of each instruction (I,) at equal length."""
    return float(special.expit(weights.difficulty * difficulty + weights.model).mean())


def fit_as_alpaca_eval(
    scores: FloatArray, length_differences: FloatArray, difficulty: FloatArray, gamed: GamedRows | None
) -> AlpacaEvalWeights:
    """One model's weights by AlpacaEval's own fit.

    Args:
        scores: (I,) in [0, 1]; NaN = not parsed, left out of the fit.
        length_differences: (I,) characters, model minus reference.
        difficulty: (I,) of the instructions; win rates are then `win_rate_of_weights` over all of them.
        gamed: of the baseline; None leaves them out (AlpacaEval's "length_controlled_noreg").

    Raises:
        UserError: scikit-learn is not installed.
        UnfitError: there is nothing to fit.
    """
    sd = float(np.nanstd(length_differences, ddof=1))
    if not sd > 0:
        raise UnfitError("AlpacaEval's fit: every output has the same difference in length to the reference's")
    own = np.stack([np.tanh(length_differences / sd), difficulty, np.ones(len(scores))], axis=1)
    design, labels, row_weights = own, scores, np.ones(len(scores))
    if gamed is not None:
        theirs = np.stack([np.tanh(gamed.scaled_differences), gamed.difficulty, np.zeros(len(gamed.scores))], axis=1)
        # The gamed rows come first: folds depend on the order.
        design, labels = np.concatenate([theirs, own]), np.concatenate([gamed.scores, scores])
        row_weights = np.concatenate([np.full(len(gamed.scores), GAMED_WEIGHT), row_weights])
    is_used = np.isfinite(labels) & np.isfinite(design).all(axis=1)
    if is_used.sum() < N_FOLDS:
        raise UnfitError(
            f"AlpacaEval's fit: {int(is_used.sum())} verdicts, its {N_FOLDS} folds need at least that many"
        )
    return AlpacaEvalWeights(*_cross_validated(design[is_used], labels[is_used], row_weights[is_used]))


def _cross_validated(design: FloatArray, labels: FloatArray, row_weights: FloatArray) -> list[float]:
    """Each row twice, as a success with weight p and as a failure with weight 1 - p, in one fold."""
    try:
        # Part of the extra length-control only.
        import sklearn
        from sklearn.linear_model import LogisticRegressionCV
        from sklearn.metrics import make_scorer
        from sklearn.model_selection import GroupKFold
    except ImportError as error:
        raise UserError(
            "AlpacaEval's own fit needs scikit-learn: pip install 'preference-farm[length-control]'"
        ) from error
    n = len(labels)
    targets, both_weights = np.concatenate([labels, labels]), np.concatenate([row_weights, row_weights])
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = make_scorer(_soft_log_loss, response_method="predict_proba", greater_is_better=False)
        model = LogisticRegressionCV(
            Cs=N_STRENGTHS,
            cv=GroupKFold(n_splits=N_FOLDS),
            scoring=scorer.set_score_request(targets=True, row_weights=True),
            random_state=RANDOM_STATE,
            l1_ratios=(1.0,),
            use_legacy_attributes=False,
            solver="liblinear",
            fit_intercept=False,
        )
        model.set_fit_request(sample_weight=True)
        model.fit(
            np.concatenate([design, design]),
            np.repeat([1, 0], n),
            sample_weight=np.concatenate([labels, 1 - labels]) * both_weights,
            groups=np.tile(np.arange(n), 2),
            targets=targets,
            row_weights=both_weights,
        )
    return [float(value) for value in model.coef_[0]]


def _soft_log_loss(
    _labels: npt.NDArray[np.int64], predicted: FloatArray, targets: FloatArray, row_weights: FloatArray
) -> float:
    p = np.clip(predicted, 1e-15, 1 - 1e-15)
    losses = targets * np.log(p) + (1 - targets) * np.log(1 - p)
    return float(-(losses * row_weights).mean())


def _number(value: str | None, column: str, line: int) -> float:
    try:
        number = float(value or "")
    except ValueError:
        number = float("nan")
    if not np.isfinite(number):
        raise UserError(f"weights of AlpacaEval, line {line}, column {column!r}: expected a number, got {value!r}")
    return number
