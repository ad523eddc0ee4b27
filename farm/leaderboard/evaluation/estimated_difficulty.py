"""How hard each instruction is to win, estimated from all models of a track, as `farm leaderboard` does it."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from farm.leaderboard.evaluation.evaluated import Evaluated
from farm.leaderboard.submissions import Submission
from farm.leaderboard.verdict_table import REFERENCE_PREFIX, verdict_table
from farm.stats.bootstrap import FloatArray
from farm.stats.length_control.difficulty import difficulty_among

NOT_KNOWN = (
    "length control goes without the instructions' difficulty (it needs three models on the track, or "
    "track.difficulty=FILE): where the reference writes more on instructions that are hard, the length is blamed for "
    "what the difficulty does, and such figures can be off by points"
)


def estimated_difficulty(models: Sequence[Evaluated], there: Sequence[Submission]) -> Mapping[str, float]:
    """Difficulty by instruction key; empty where fewer than three models can tell.

    Args:
        models: that are evaluated, of one track and annotator.
        there: submissions of a root; those of the track and annotator with other names count as well.
    """
    entry, names = models[0].entry, {model.entry.name for model in models}
    table = (entry.track, entry.annotator)
    beside = [s for s in there if (s.entry.track, s.entry.annotator) == table and s.entry.name not in names]
    tables = {other.entry.name: other.verdicts for other in beside}
    tables |= {model.entry.name: verdict_table(model.verdicts) for model in models}
    frames = [tables[name].set_index("instruction_key") for name in sorted(tables)]
    keys = sorted({str(key) for frame in frames for key in frame.index})
    gaps = [frame["length"] - frame[f"{REFERENCE_PREFIX}length"] for frame in frames]
    difficulty = difficulty_among(
        [_array(frame["score"], keys) for frame in frames], [_array(gap, keys) for gap in gaps]
    )
    return {} if difficulty is None else dict(zip(keys, difficulty.tolist(), strict=True))


def _array(values: "pd.Series[float]", keys: Sequence[str]) -> FloatArray:
    return np.asarray(values.reindex(pd.Index(keys)).to_numpy(dtype=np.float64, na_value=np.nan))
