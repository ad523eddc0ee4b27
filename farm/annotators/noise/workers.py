"""A crowd of workers that differ: for each comparison one is drawn, and some are more reliable than others."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from scipy.stats import beta

from farm.annotators.noise.margin import check_above
from farm.annotators.noise.noise import Label, check_range, draw_for
from farm.errors import UserError
from farm.seeds import uniform_for


@dataclass(frozen=True, kw_only=True)
class WorkerFlips:
    """Each worker turns hard preferences round with a probability of their own.

    A worker's flip probability is half a Beta variable: flip_prob = B / 2, B ~ Beta(2 m c, (1 - 2 m) c), of mean
    m = `mean_flip_prob` and, the larger c = `concentration`, the less spread.
    """

    key_name: ClassVar[str] = "WorkerFlips"

    n_workers: int
    """Workers in the crowd; one is drawn for each comparison with equal probability."""
    mean_flip_prob: float
    """Mean flip probability in [0, 0.5]."""
    concentration: float
    """Above 0; workers differ by a standard deviation of sqrt(m (1/2 - m) / (c + 1))."""
    seed: int
    """The workers' reliabilities are keyed by it: the same crowd in every run."""

    def __post_init__(self) -> None:
        check_above("n_workers", self.n_workers, 0)
        check_range("mean_flip_prob", self.mean_flip_prob, 0.0, 0.5)
        check_above("concentration", self.concentration, 0.0)

    @cached_property
    def flip_probs(self) -> tuple[float, ...]:
        """Of each worker."""
        share = 2 * self.mean_flip_prob
        if share in (0.0, 1.0):  # no Beta distribution has these means
            return (self.mean_flip_prob,) * self.n_workers
        draws = [uniform_for(self.seed, "flip probability", worker_name(k)) for k in range(self.n_workers)]
        quantiles = beta.ppf(np.array(draws), share * self.concentration, (1 - share) * self.concentration)
        return tuple(float(q) / 2 for q in np.atleast_1d(quantiles))

    def apply(self, label: Label, seed: int) -> Label:
        if label.preference is None:
            return label
        worker = drawn_worker(label, seed, self.n_workers)
        label = label._replace(worker=worker_name(worker))
        assert label.preference is not None
        flips = draw_for(label, seed, "worker flip") < self.flip_probs[worker]
        return label._replace(preference=label.preference.swapped) if flips else label


def drawn_worker(label: Label, seed: int, n_workers: int) -> int:
    """Index of the worker who labels this comparison.

    Raises:
        UserError: an earlier stage has drawn one.
    """
    if label.worker:
        raise UserError(
            f"noise of annotator {label.annotator!r}: two stages draw a worker for one label (the first drew "
            f"{label.worker!r}); keep one of them"
        )
    return int(draw_for(label, seed, "worker") * n_workers)


def worker_name(index: int) -> str:
    """worker-01 and so on."""
    return f"worker-{index + 1:02d}"
