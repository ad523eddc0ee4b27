"""The peer's side of leaderboard_speed.py: run by the Python of an environment that has alpaca-eval.

    PEER/bin/python alpaca_eval_peer.py made.npz

Prints JSON: CPU seconds a model of its length-controlled fit, its weights with the length's sign turned, its version.
"""

import importlib.metadata
import json
import sys
import tempfile
import time
import warnings
from pathlib import Path

import alpaca_eval.metrics.glm_winrate as peer
import numpy as np
import pandas as pd

REFERENCE_LENGTH = 20_000
"""Characters; only differences count."""


def main() -> None:
    warnings.simplefilter("ignore")
    made = np.load(sys.argv[1])
    n_items = made["scores"].shape[1]
    gamed = pd.DataFrame(
        {
            "index": np.tile(np.arange(n_items), 2),
            "preference": made["gamed_scores"],
            "std_delta_len": -made["gamed_differences"],
            "instruction_difficulty": np.tile(made["difficulty"], 2),
            "not_gamed_baseline": False,
            "model": "gamed",
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "df_gamed.csv")
        gamed.to_csv(path, index=False)
        peer.hf_hub_download = lambda **_: path
        weights, seconds = [], []
        for scores, gaps in zip(made["scores"], made["gaps"], strict=True):
            rows = pd.DataFrame(
                {
                    "output_1": ["x" * REFERENCE_LENGTH] * n_items,
                    "output_2": ["x" * int(REFERENCE_LENGTH + gap) for gap in gaps],
                    "preference": scores + 1,
                    "generator_1": "reference",
                    "generator_2": "model",
                    "annotator": "made up",
                }
            )
            start = time.process_time()
            features, _, row_weights = peer._get_featurized_data(
                rows, **{k: v for k, v in peer.GLM_INFO["length_controlled_v1"].items() if k != "kwargs"}
            )
            model = peer.fit_LogisticRegressionCV(
                features, "preference", is_ytrue_proba=True, sample_weight=row_weights, n_splits=5
            )
            seconds.append(time.process_time() - start)
            length, difficulty, own = model.coef_[0]
            weights.append([-float(length), float(difficulty), float(own)])
    version = importlib.metadata.version("alpaca_eval")
    print(json.dumps({"seconds": float(np.mean(seconds)), "weights": weights, "version": version}))


if __name__ == "__main__":
    main()
