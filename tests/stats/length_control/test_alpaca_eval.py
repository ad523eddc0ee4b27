import builtins
import csv
import gzip
import json
from typing import NamedTuple

import numpy as np
import pytest

from farm.errors import UnfitError, UserError
from farm.stats.bootstrap import Resampling
from farm.stats.length_control.alpaca_eval import (
    AlpacaEvalWeights,
    GamedRows,
    fit_as_alpaca_eval,
    published_weights,
    win_rate_of_weights,
)
from farm.stats.length_control.length import length_controlled_rates
from tests.paths import HUMANDATA

ORIGINALS = HUMANDATA / "raw" / "alpaca_eval"
needs_originals = pytest.mark.skipif(
    not ORIGINALS.is_dir(), reason="no originals of AlpacaEval 2 beside the repository"
)
OFFICIAL = {"alpaca-7b": 5.875487163278986, "gemma-2b-it": 5.437453620377121, "vicuna-13b-v1.5": 10.484438298504218}
"""length_controlled_winrate of AlpacaEval 2's leaderboard."""


class Originals(NamedTuple):
    scores: list[np.ndarray]
    gaps: list[np.ndarray]
    difficulty: np.ndarray
    weights: dict[str, AlpacaEvalWeights]


@pytest.fixture(scope="module")
def originals() -> Originals:
    """The three models of OFFICIAL, joined by the instruction's text."""
    with (ORIGINALS / "derived" / "instruction_difficulty.csv").open(newline="") as file:
        by_text = {row["instruction"]: float(row["instruction_difficulty"]) for row in csv.DictReader(file)}
    place = {text: k for k, text in enumerate(by_text)}
    scores, gaps = np.full((3, len(place)), np.nan), np.full((3, len(place)), np.nan)
    for k, model in enumerate(OFFICIAL):
        path = ORIGINALS / "results" / model / "weighted_alpaca_eval_gpt4_turbo" / "annotations.json.gz"
        for row in json.loads(gzip.decompress(path.read_bytes())):
            at = place[row["instruction"]]
            scores[k, at], gaps[k, at] = row["preference"] - 1, len(row["output_2"]) - len(row["output_1"])
    folder = ORIGINALS / "src/alpaca_eval/metrics/weights/weighted_alpaca_eval_gpt4_turbo/length_controlled_v1"
    weights = published_weights((folder / "baseline_gpt4_1106_preview.csv").read_text())
    return Originals(list(scores), list(gaps), np.array(list(by_text.values())), weights)


def made(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, GamedRows]:
    """120 instructions and 240 gamed rows."""
    n, rng = 120, np.random.default_rng(seed)
    difficulty, gap = rng.normal(0, 1.5, n), rng.normal(-300, 400, n).round()
    p = 1 / (1 + np.exp(-(-1.0 + 1.2 * np.tanh(gap / 400) + 0.8 * difficulty)))
    scores = np.where(rng.random(n) < 0.3, p, (rng.random(n) < p).astype(float)).round(6)
    gamed_gap, gamed_difficulty = rng.normal(0, 1.3, 2 * n).round(6), np.tile(difficulty, 2)
    p = 1 / (1 + np.exp(-(1.5 * np.tanh(gamed_gap) + 0.2 * gamed_difficulty - 0.1)))
    gamed_scores = np.where(rng.random(2 * n) < 0.5, p, (rng.random(2 * n) < p).astype(float)).round(6)
    return scores, gap, difficulty, GamedRows(gamed_scores, gamed_gap, gamed_difficulty)


# Printed by alpaca_eval 0.6.6 (_get_featurized_data, fit_LogisticRegressionCV; scikit-learn 1.9.1) for the same data:
# "length_controlled_v1" with the gamed rows, "length_controlled_noreg" without; the length's sign turned.
PEER = [
    (0, True, (1.2065891125547417, 0.48958834563756887, -1.058770967792677), 0.2889527549780555),
    (0, False, (0.9732680521163237, 0.5735638822524181, -1.1906481285003037), 0.27327800141604935),
    (1, True, (0.8804256107743111, 0.8134765983106048, -1.4292253723711306), 0.22415517288650508),
    (1, False, (0.6295832376030407, 1.1458398938777388, -1.743814221485707), 0.20504332921751453),
]


@pytest.mark.parametrize(("seed", "is_gamed", "weights", "win_rate"), PEER)
def test_the_fit_is_that_of_alpaca_eval(
    seed: int, is_gamed: bool, weights: tuple[float, float, float], win_rate: float
) -> None:
    scores, gap, difficulty, gamed = made(seed)
    found = fit_as_alpaca_eval(scores, gap, difficulty, gamed if is_gamed else None)
    assert tuple(found) == pytest.approx(weights, abs=1e-9)
    assert win_rate_of_weights(found, difficulty) == pytest.approx(win_rate, abs=1e-9)


def test_unparsed_verdicts_are_left_out_of_the_fit() -> None:
    scores, gap, difficulty, gamed = made(0)
    missing = np.where(np.arange(120) % 10 == 0, np.nan, scores)
    found = fit_as_alpaca_eval(missing, gap, difficulty, gamed)
    assert found != fit_as_alpaca_eval(scores, gap, difficulty, gamed)
    assert np.isfinite(found).all()


@needs_originals
def test_published_weights_give_the_official_figures(originals: Originals) -> None:
    for model, official in OFFICIAL.items():
        figure = 100 * win_rate_of_weights(originals.weights[model], originals.difficulty)
        assert figure == pytest.approx(official, abs=1e-6)
    assert len(originals.weights) > 190
    assert originals.weights["gpt4_1106_preview"] == AlpacaEvalWeights(0, 0, 0)


@needs_originals
def test_refitted_figures_hold_the_official_ones_in_their_intervals(originals: Originals) -> None:
    rates = length_controlled_rates(
        originals.scores,
        originals.gaps,
        difficulty=originals.difficulty,
        resampling=Resampling(seed=0, n_resamples=1000),
    )
    for rate, official in zip(rates, OFFICIAL.values(), strict=True):
        assert rate.estimate.low is not None and rate.estimate.high is not None
        assert 100 * rate.estimate.low < official < 100 * rate.estimate.high


@needs_originals
def test_what_is_left_to_the_official_fit_are_the_gamed_rows(originals: Originals) -> None:
    # The intercept is the model's own: at the published weights its slope over our rows, sum(y - p), must be what the
    # L1 penalty allows, at most 1 / C with C one of ten strengths (0.046 = 1 / 21.5 here). A row more or less, or one
    # joined to another's difficulty, would show: shifted by one row the slope is 2.7 to 6.8.
    for k, model in enumerate(OFFICIAL):
        weights, gap = originals.weights[model], originals.gaps[k]
        for difficulty, is_right in ((originals.difficulty, True), (np.roll(originals.difficulty, 1), False)):
            linear = weights.length * np.tanh(gap / gap.std(ddof=1)) + weights.difficulty * difficulty + weights.model
            slope = float((originals.scores[k] - 1 / (1 + np.exp(-linear))).sum())
            assert (abs(slope) < 0.05) == is_right


def test_weights_that_are_no_numbers_are_refused_by_line_and_column() -> None:
    head = ",np.tanh(std_delta_len),instruction_difficulty,not_gamed_baseline.astype(float)\n"
    assert published_weights(head + "a,-1.5,0.5,-2\n") == {"a": AlpacaEvalWeights(1.5, 0.5, -2)}
    with pytest.raises(UserError, match=r"line 3, column 'instruction_difficulty'.*'inf'"):
        published_weights(head + "a,1,2,3\nb,1,inf,3\n")
    with pytest.raises(UserError, match=r"column 'not_gamed.*got None"):
        published_weights(head + "a,1,2\n")
    with pytest.raises(UserError, match="no column 'instruction_difficulty'"):
        published_weights("a,np.tanh(std_delta_len)\n")


def test_what_cannot_be_fitted_is_refused() -> None:
    scores, gap, difficulty, _ = made(0)
    with pytest.raises(UnfitError, match="same difference in length"):
        fit_as_alpaca_eval(scores, np.full(120, -30.0), difficulty, None)
    with pytest.raises(UnfitError, match="4 verdicts"):
        fit_as_alpaca_eval(scores[:4], gap[:4], difficulty[:4], None)


def test_without_scikit_learn_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: object, **kwargs: object) -> object:
        if name.split(".")[0] == "sklearn":
            raise ImportError(name)
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    scores, gap, difficulty, _ = made(0)
    with pytest.raises(UserError, match=r"pip install 'preference-farm\[length-control\]'"):
        fit_as_alpaca_eval(scores, gap, difficulty, None)
