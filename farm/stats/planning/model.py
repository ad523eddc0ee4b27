"""How sure a number of labels makes the order of two methods: the model, and its closed form.

A method has a true win rate against the reference: what labels without any noise would show, averaged over instructions
and training seeds. The two methods' rates are `win_rate` +- `difference` / 2. Between the truth and what is measured
stand, each with a setting of its own:

- training seeds: each run's rate is its method's plus N(0, seed_sd^2);
- annotators: each sees each method's rate shifted by N(0, annotator_sd^2);
- the source's lean: it sees each method's rate shifted by N(0, bias_sd^2), the same in all of its labels;
- instructions: whether an output beats the reference is a Bernoulli variable; two outputs on one instruction (of both
  methods, or of two seeds) have it decided by one common draw with probability `item_correlation`;
- mistakes: shared by all labels of one comparison with probability `shared_flip_prob`, or a label's own with
  probability `flip_prob`; a label is a tie (one half) with probability `tie_prob`, whatever the truth.

The measured gap D is the mean score of the better method minus the other's. With k = (1 - tie_prob)(1 - 2 flip_prob)
and b = 1 - 2 shared_flip_prob its mean is k b difference: noise does not only blur the gap, it shrinks it. Its variance
for S seeds, N annotators, I instructions and L labels a comparison is, per method and to first order in the shifts,

    k^2 b^2 (seed_sd^2 / S + annotator_sd^2 / N + bias_sd^2)
    + k^2 (V / S + (1 - 1/S) C) / I         V = w'(1 - w') with w' = 1/2 + b (w - 1/2), C = item_correlation b^2 w (1-w)
    + (1 - tie_prob - k^2) / 4 / (S I L)    what is left between the labels of one comparison

and, if both methods answer the same instructions, minus twice the covariance k^2 b^2 item_correlation (min(w1, w2) -
w1 w2) / I. The probability of the right order is Phi(mean / sd). With no noise, one seed and item_correlation 0 that is
the two-proportion z approximation (Fleiss, Levin and Paik 2003, Statistical Methods for Rates and Proportions, chapter
4), with correlation its paired version (Connor 1987, Biometrics 43:207). The seed, annotator and lean terms do not
shrink with I, so they bound the confidence from above whatever is paid for labels.

Head to head the two outputs are judged against each other; the better method then wins with the probability that
Bradley and Terry's model (1952) gives, sigmoid(logit(w1) - logit(w2)), and one comparison does the work of two.
"""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

from scipy.optimize import brentq
from scipy.stats import norm

DesignKind = Literal["paired", "unpaired", "head_to_head"]
Criterion = Literal["order", "beyond_noise"]

N_STANDARD_ERRORS = 2.0
"""What "beyond noise" means everywhere in the laboratory."""


@dataclass(frozen=True, kw_only=True)
class LabelSource:
    """Who labels: how noisy the labels are and what they cost."""

    flip_prob: float
    """Probability in [0, 0.5) that a label goes against the verdict that the annotators have in common."""
    shared_flip_prob: float
    """Probability in [0, 0.5) that this common verdict is wrong; more labels of the comparison do not help."""
    tie_prob: float
    """Probability in [0, 1) that a label is a tie."""
    annotator_sd: float
    """Standard deviation between annotators of the win rate that each sees one method have."""
    bias_sd: float
    """Standard deviation between methods of the shift that all labels of this source share."""
    n_annotators: tuple[int, ...]
    """Numbers of annotators to choose from."""
    usd_per_1000_labels: float
    """US dollars."""
    hours_per_1000_labels: float
    """Working hours, of an annotator or of a judge's endpoint."""

    def __post_init__(self) -> None:
        for name, top in (("flip_prob", 0.5), ("shared_flip_prob", 0.5), ("tie_prob", 1.0)):
            value = vars(self)[name]
            if not 0 <= value < top:
                raise ValueError(
                    f"{name}: expected a probability from 0 to below {top} (at {top} a label says nothing), got {value}"
                )
        for name in ("annotator_sd", "bias_sd", "usd_per_1000_labels", "hours_per_1000_labels"):
            if not 0 <= vars(self)[name] < math.inf:
                raise ValueError(f"{name}: expected a number from 0 up, got {vars(self)[name]}")
        if not self.n_annotators or min(self.n_annotators) < 1:
            raise ValueError(f"n_annotators: expected one or more numbers from 1 up, got {list(self.n_annotators)}")

    @property
    def kept_by_labels(self) -> float:
        """What a label's own ties and mistakes leave of a difference: k."""
        return (1 - self.tie_prob) * (1 - 2 * self.flip_prob)

    @property
    def kept_by_verdicts(self) -> float:
        """What shared mistakes leave of a difference: b."""
        return 1 - 2 * self.shared_flip_prob


@dataclass(frozen=True, kw_only=True)
class Question:
    """Which of two methods is better?"""

    difference: float
    """True win rate of the better method minus the other's."""
    win_rate: float
    """Mean of the two true win rates against the reference."""
    design: DesignKind
    """What is compared with what."""
    criterion: Criterion
    """order: the better method is measured to be ahead; beyond_noise: by more than two standard errors."""
    item_correlation: float
    """Probability in [0, 1] that one draw decides two outputs on the same instruction."""
    seed_sd: float
    """Standard deviation of a method's true win rate over training seeds."""

    @property
    def rates(self) -> tuple[float, float]:
        """True win rates against the reference, the better first."""
        return self.win_rate + self.difference / 2, self.win_rate - self.difference / 2

    @property
    def head_to_head_rate(self) -> float:
        """How often the better method's output beats the other's, by Bradley-Terry."""
        better, worse = self.rates
        return better * (1 - worse) / (better * (1 - worse) + worse * (1 - better))

    @property
    def comparisons_per_item(self) -> int:
        """Comparisons that one seed of both methods needs on one instruction."""
        return 1 if self.design == "head_to_head" else 2


@dataclass(frozen=True, kw_only=True)
class Design:
    """How much is measured."""

    n_seeds: int
    """Training runs of each method."""
    n_annotators: int
    n_items: int
    """Instructions that each run answers."""
    labels_per_comparison: int
    """By different annotators."""

    def n_labels(self, question: Question) -> int:
        """Labels in all, for both methods."""
        return question.comparisons_per_item * self.n_seeds * self.n_items * self.labels_per_comparison


class GapMoments(NamedTuple):
    """Mean and variance of the measured gap."""

    mean: float
    seeds: float
    """Variance by training seeds."""
    annotators: float
    """Variance by the annotators' leans."""
    bias: float
    """Variance by the source's lean."""
    items: float
    """Variance by instructions and by the labels' own noise."""

    @property
    def standard_deviation(self) -> float:
        return math.sqrt(self.seeds + self.annotators + self.bias + self.items)

    @property
    def standard_error(self) -> float:
        """What the data themselves can show; the source's lean is not in it."""
        return math.sqrt(self.seeds + self.annotators + self.items)


def gap_moments(question: Question, source: LabelSource, design: Design) -> GapMoments:
    """The closed form of the module's docstring."""
    kept = source.kept_by_labels * source.kept_by_verdicts
    if question.design == "head_to_head":
        rate = question.head_to_head_rate
        mean = kept * (rate - 0.5)
        slopes = [rate * (1 - rate) / (w * (1 - w)) for w in question.rates]
        items = _verdict_variance(question, source, design, rate)
    else:
        better, worse = question.rates
        mean = kept * question.difference
        slopes = [1.0, 1.0]
        items = sum(_verdict_variance(question, source, design, rate) for rate in question.rates)
        if question.design == "paired":
            items -= 2 * kept**2 * question.item_correlation * (worse - better * worse)
    n_cells = design.n_seeds * design.n_items
    n_methods = question.comparisons_per_item
    labels = n_methods * (1 - source.tie_prob - source.kept_by_labels**2) / 4
    shift = kept**2 * sum(slope**2 for slope in slopes)
    return GapMoments(
        mean=mean,
        seeds=shift * question.seed_sd**2 / design.n_seeds,
        annotators=shift * source.annotator_sd**2 / design.n_annotators,
        bias=shift * source.bias_sd**2,
        items=items / design.n_items + labels / (n_cells * design.labels_per_comparison),
    )


def closed_form_confidence(question: Question, source: LabelSource, design: Design) -> float:
    """Probability that the criterion is met, by the normal approximation."""
    return _confidence(question, gap_moments(question, source, design))


def highest_confidence(question: Question, source: LabelSource, design: Design) -> float:
    """What the confidence tends to as the instructions become infinitely many."""
    return _confidence(question, gap_moments(question, source, design)._replace(items=0.0))


def closed_form_items(question: Question, source: LabelSource, design: Design, confidence: float) -> float | None:
    """Instructions at which the closed form reaches a confidence; None if it never does.

    Args:
        question: what is asked.
        source: who labels.
        design: seeds, annotators and labels per comparison; its `n_items` is not looked at.
        confidence: above 1/2 (`order`), below 1.
    """
    moments = gap_moments(question, source, design)
    at_one_item = moments.items * design.n_items

    def missing(log_items: float) -> float:
        return _confidence(question, moments._replace(items=at_one_item / math.exp(log_items))) - confidence

    if highest_confidence(question, source, design) <= confidence:
        return None
    if missing(0.0) >= 0:
        return 1.0
    top = 1.0
    while missing(top) < 0:
        top += 1.0
    return math.exp(float(brentq(missing, 0.0, top)))


def _confidence(question: Question, moments: GapMoments) -> float:
    bar = N_STANDARD_ERRORS * moments.standard_error if question.criterion == "beyond_noise" else 0.0
    if moments.standard_deviation == 0:
        return 1.0 if moments.mean > bar else 0.0
    return float(norm.cdf((moments.mean - bar) / moments.standard_deviation))


def _verdict_variance(question: Question, source: LabelSource, design: Design, rate: float) -> float:
    """Variance over instructions of one method's mean over its seeds, had each comparison infinitely many labels."""
    kept = source.kept_by_verdicts
    seen = 0.5 + kept * (rate - 0.5)
    alike = question.item_correlation * kept**2 * rate * (1 - rate)
    n = design.n_seeds
    return source.kept_by_labels**2 * (seen * (1 - seen) / n + (1 - 1 / n) * alike)
