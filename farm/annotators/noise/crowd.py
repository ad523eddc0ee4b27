"""The noise model of a crowd that `farm calibrate` fits to people: all of its parts in one likelihood.

Worker w is shown comparison i, on which the judge's clean verdict has the margin m_i. With

    u = r_w (s m_i + e_i) + b_len x_i + b_list l_i + b_pos o_i

the worker chooses by Davidson's model of ties with log odds u and tie weight v, or lapses
(`farm.stats.noise.choice_model`):

    m_i    judge's margin: log odds of p_first (cut to p_limit), and then s = 1 / temperature; or, of a judge without
           p_first, 1, -1, or 0 for a tie, and then s = verdict_log_odds
    r_w    reliability of the worker: log r_w ~ Normal(0, reliability_spread^2), so the median worker has 1
    e_i    what the crowd sees and the judge does not: e_i ~ Normal(0, opinion_sd^2), one value for all workers, since
           people agree with each other more than with a judge
    x_i    log((1 + characters of output_1) / (1 + characters of output_2))
    l_i    1 if only output_1 has a list, -1 if only output_2 has one, else 0
    o_i    1 if output_1 was shown first, -1 if output_2 was, 0 if both orders were judged

Swapping the outputs turns the sign of u and with it the answer. Reliability and opinion belong to the crowd, not to a
run: they are keyed by the stage's own `seed`, so that two labels of one comparison share e_i whatever the run's seed.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import ClassVar

from farm.annotators.noise.biases import check_finite, order_sign
from farm.annotators.noise.margin import check_above, margin_of
from farm.annotators.noise.noise import Label, check_range, draw_for, is_first_smaller, prefers
from farm.annotators.noise.workers import drawn_worker, worker_name
from farm.errors import UserError
from farm.records import Preference
from farm.seeds import uniform_for
from farm.stats.bias.answer_style import list_difference, log_length_ratio
from farm.stats.noise.choice_model import choice_probabilities

_NORMAL = NormalDist()
_SMALLEST = 1e-16


@dataclass(frozen=True, kw_only=True)
class CrowdNoise:
    """One worker of a crowd, drawn for each comparison, decides by the judge's verdict, their own eyes and biases.

    It replaces the verdict, so it comes before stages that change one.
    """

    key_name: ClassVar[str] = "CrowdNoise"

    n_workers: int
    """Workers in the crowd; one is drawn for each comparison with equal probability."""
    reliability_spread: float
    """Standard deviation of the logarithm of the workers' reliability; 0 for workers that are all alike."""
    temperature: float | None
    """Bradley-Terry temperature of the judge's p_first; None: p_first is not used, verdict_log_odds is."""
    verdict_log_odds: float | None
    """Log odds by which a verdict without p_first is followed; None where every verdict has p_first."""
    p_limit: float
    """In [0.5, 1): p_first is cut to [1 - p_limit, p_limit]."""
    opinion_sd: float
    """Standard deviation of what all workers see and the judge does not, in log odds."""
    length_bias: float
    """Log odds for each factor e (2.7) in length; negative favours the shorter output."""
    list_bias: float
    """Log odds of the only output with a list."""
    position_bias: float
    """Log odds of the output shown first."""
    tie_weight: float
    """At least 0: evenly matched outputs tie with probability tie_weight / (2 + tie_weight)."""
    lapse_rate: float
    """Probability in [0, 1] of an answer without looking, all answers equally likely."""
    seed: int
    """The workers' reliabilities and the crowd's opinions are keyed by it: the same crowd in every run."""

    def __post_init__(self) -> None:
        check_above("n_workers", self.n_workers, 0)
        check_range("p_limit", self.p_limit, 0.5, 1.0 - 1e-12)
        check_range("lapse_rate", self.lapse_rate, 0.0, 1.0)
        for name, value in (
            ("reliability_spread", self.reliability_spread),
            ("opinion_sd", self.opinion_sd),
            ("tie_weight", self.tie_weight),
        ):
            check_finite(name, value)
            check_range(name, value, 0.0, math.inf)
        for name, value in (
            ("length_bias", self.length_bias),
            ("list_bias", self.list_bias),
            ("position_bias", self.position_bias),
        ):
            check_finite(name, value)
        if self.temperature is None and self.verdict_log_odds is None:
            raise ValueError("expected a temperature (for p_first), verdict_log_odds (for verdicts without), or both")
        if self.temperature is not None:
            check_above("temperature", self.temperature, 0.0)
        if self.verdict_log_odds is not None:
            check_finite("verdict_log_odds", self.verdict_log_odds)

    @cached_property
    def reliabilities(self) -> tuple[float, ...]:
        """Of each worker."""
        names = [worker_name(k) for k in range(self.n_workers)]
        return tuple(math.exp(self.reliability_spread * self._normal("reliability", name)) for name in names)

    def apply(self, label: Label, seed: int) -> Label:
        if not label.is_open:
            return label
        worker = drawn_worker(label, seed, self.n_workers)
        chance = choice_probabilities(
            self.log_odds(label, self.reliabilities[worker]), tie_weight=self.tie_weight, lapse_rate=self.lapse_rate
        )
        is_smaller_first = is_first_smaller(label.comparison)
        draw = draw_for(label, seed, "crowd choice")
        p_smaller = chance.first if is_smaller_first else chance.second
        label = label._replace(worker=worker_name(worker))
        if p_smaller <= draw < p_smaller + chance.tie:
            return label._replace(preference=Preference.TIE)
        return prefers(label, first=(draw < p_smaller) == is_smaller_first)

    def log_odds(self, label: Label, reliability: float) -> float:
        """u of a worker of this reliability; see the top of the file."""
        comparison = label.comparison
        opinion = self.opinion_sd * self._normal("opinion", comparison.pair_key) if self.opinion_sd else 0.0
        seen = self._followed(label) + (opinion if is_first_smaller(comparison) else -opinion)
        return (
            reliability * seen
            + self.length_bias * log_length_ratio(comparison.output_1, comparison.output_2)
            + self.list_bias * list_difference(comparison.output_1, comparison.output_2)
            + self.position_bias * order_sign(label.first_shown)
        )

    def _followed(self, label: Label) -> float:
        """s m_i"""
        if label.p_first is not None and self.temperature is not None:
            return margin_of(label.p_first, p_limit=self.p_limit) / self.temperature
        if label.preference is Preference.TIE:
            return 0.0
        if self.verdict_log_odds is None:
            raise UserError(
                f"noise of annotator {label.annotator!r}: judge {label.judge!r} gave no p_first, and the noise has no "
                "verdict_log_odds for verdicts without; give it a number, or use a judge that gives p_first"
            )
        return self.verdict_log_odds if label.preference is Preference.FIRST else -self.verdict_log_odds

    def _normal(self, purpose: str, key: str) -> float:
        draw = uniform_for(self.seed, f"crowd {purpose}", key)
        return _NORMAL.inv_cdf(min(max(draw, _SMALLEST), 1.0 - _SMALLEST))
