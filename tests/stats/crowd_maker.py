"""Labels of a crowd whose parameters are known, made by the noise stage itself on comparisons of nonsense."""

from dataclasses import replace

import numpy as np

from farm.annotators.noise.crowd import CrowdNoise
from farm.annotators.noise.noise import Label
from farm.records import Comparison, Preference
from farm.stats.bias.answer_style import list_difference, log_length_ratio
from farm.stats.noise.labels import CrowdLabels

KNOWN = CrowdNoise(
    n_workers=20, reliability_spread=0.5, temperature=None, verdict_log_odds=1.5, p_limit=0.99, opinion_sd=1.2,
    length_bias=0.8, list_bias=0.6, position_bias=0.4, tie_weight=0.7, lapse_rate=0.0, seed=11,
)  # fmt: skip
_SIDE = {Preference.FIRST: 0.5, Preference.TIE: 0.0, Preference.SECOND: -0.5}


def crowd_labels(stage: CrowdNoise, *, n_items: int, n_labels: int, seed: int) -> CrowdLabels:
    """Labels by workers drawn anew for each; a judge that gives p_first if the stage has a temperature."""
    rng = np.random.default_rng(seed)
    columns: dict[str, list[float]] = {
        name: [] for name in ("item", "worker", "side", "soft", "hard", "length", "lists", "order")
    }
    for item in range(n_items):
        texts = [
            "z" * int(n) + "\n- a\n- b" * int(has)
            for n, has in zip(rng.geometric(0.02, 2), rng.random(2) < 0.3, strict=True)
        ]
        comparison = Comparison(
            instruction=f"question {seed} {item}", output_1=f"a {texts[0]}", output_2=f"b {texts[1]}"
        )
        first = bool(rng.random() < 0.5)
        p_first = float(rng.beta(0.8, 0.8)) if stage.temperature is not None else None
        if p_first is not None:
            first = p_first > 0.5
        clean = Label(comparison, Preference.FIRST if first else Preference.SECOND, p_first, 0, "crowd", "judge")
        for k in range(n_labels):
            order = int(rng.integers(1, 3))
            label = stage.apply(clean._replace(first_shown=order), 1000 * seed + k)
            assert label.preference is not None
            columns["item"].append(item)
            columns["worker"].append(int(label.worker.removeprefix("worker-")) - 1)
            columns["side"].append(_SIDE[label.preference])
            columns["soft"].append(
                0.0 if p_first is None else float(np.clip(np.log(p_first / (1 - p_first)), -4.595, 4.595))
            )
            columns["hard"].append(0.0 if p_first is not None else (1.0 if first else -1.0))
            columns["length"].append(log_length_ratio(comparison.output_1, comparison.output_2))
            columns["lists"].append(list_difference(comparison.output_1, comparison.output_2))
            columns["order"].append(1.0 if order == 1 else -1.0)
    arrays = {name: np.array(values, dtype=np.float64) for name, values in columns.items()}
    return CrowdLabels(
        item=arrays["item"].astype(np.int64), worker=arrays["worker"].astype(np.int64), n_workers=stage.n_workers,
        side=arrays["side"], soft_margin=arrays["soft"], hard_margin=arrays["hard"], length_ratio=arrays["length"],
        list_gap=arrays["lists"], order=arrays["order"],
    )  # fmt: skip


def without(stage: CrowdNoise, **changes: float | None) -> CrowdNoise:
    """The stage with other settings."""
    return replace(stage, **changes)  # type: ignore[arg-type]
