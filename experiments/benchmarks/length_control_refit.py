"""Whether intervals with scale, difficulty and penalty held are those in which everything is chosen anew.

    OMP_NUM_THREADS=1 python experiments/benchmarks/length_control_refit.py [resamples]

Five synthesised models (leaderboard_speed.py), 805 instructions. Columns: standard deviation over resamples of the
length-controlled win rate, in percentage points, (1) as the leaderboard makes it; (2) on the same draws, with the
length's scale and the difficulty (from all five) estimated again in each resample; (3) with the difficulty given and
held; (4) on those draws by AlpacaEval's own fit, which chooses its penalty by cross-validation in each resample.
"""

import sys

import numpy as np
import numpy.typing as npt
from leaderboard_speed import Annotations, synthesised

from farm.stats.bootstrap import Resampling, item_weights
from farm.stats.length_control.alpaca_eval import fit_as_alpaca_eval, win_rate_of_weights
from farm.stats.length_control.controlled import PURPOSE
from farm.stats.length_control.difficulty import fit_difficulty
from farm.stats.length_control.length import length_controlled_rates, length_feature

FloatArray = npt.NDArray[np.float64]
N_MODELS = 5


def main() -> None:
    n_resamples = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    resampling = Resampling(seed=0, n_resamples=n_resamples)
    made = synthesised(N_MODELS, 805)
    gaps = np.stack([styles.length - made.reference.length for styles in made.outputs])
    drawn = item_weights(805, resampling, PURPOSE).astype(np.int64)
    held = _held(made, gaps, _difficulty(made.scores, gaps), resampling)
    given = _held(made, gaps, made.difficulty, resampling)
    again, theirs = np.empty(held.shape), np.empty(held.shape)
    for k, counts in enumerate(drawn):
        rows = np.repeat(np.arange(805), counts)
        scores, differences = made.scores[:, rows], gaps[:, rows]
        rates = length_controlled_rates(
            list(scores), list(differences), difficulty=_drawn_difficulty(made.scores, gaps, counts), resampling=None
        )
        again[:, k] = [rate.estimate.value or 0.0 for rate in rates]
        for m in range(N_MODELS):
            weights = fit_as_alpaca_eval(scores[m], differences[m], made.difficulty[rows], None)
            theirs[m, k] = win_rate_of_weights(weights, made.difficulty[rows])
    print(f"{n_resamples} resamples of 805 instructions\nmodel  win rate      (1)      (2)      (3)      (4)")
    for m in range(N_MODELS):
        spreads = "  ".join(f"{100 * table[m].std():7.2f}" for table in (held, again, given, theirs))
        print(f"{m:5d}  {made.scores[m].mean():8.1%}  {spreads}")


def _held(made: Annotations, gaps: FloatArray, difficulty: FloatArray, resampling: Resampling) -> FloatArray:
    rates = length_controlled_rates(list(made.scores), list(gaps), difficulty=difficulty, resampling=resampling)
    return np.stack([rate.replicates for rate in rates])


def _difficulty(scores: FloatArray, gaps: FloatArray) -> FloatArray:
    features = [length_feature(s, g).features[0, :, 0] for s, g in zip(scores, gaps, strict=True)]
    return fit_difficulty(scores, np.stack(features))


def _drawn_difficulty(scores: FloatArray, gaps: FloatArray, counts: npt.NDArray[np.int64]) -> FloatArray:
    """Of the drawn rows; an instruction drawn twice is one instruction, with one difficulty."""
    distinct = np.flatnonzero(counts)
    return np.repeat(_difficulty(scores[:, distinct], gaps[:, distinct]), counts[distinct])


if __name__ == "__main__":
    main()
