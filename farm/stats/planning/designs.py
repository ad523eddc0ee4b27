"""What a design costs and how sure it makes the order: what searches and budgets share."""

from dataclasses import dataclass

from farm.stats.planning.model import Design, LabelSource, Question, closed_form_confidence
from farm.stats.planning.simulation import SimulatedConfidence


@dataclass(frozen=True, kw_only=True)
class Search:
    """What may be varied, and how carefully it is simulated."""

    confidence: float
    """To be reached; above 1/2 and below 1."""
    labels_per_comparison: tuple[int, ...]
    """Numbers to choose from."""
    max_items: int
    """Instructions that there are."""
    usd_per_training_run: float
    """US dollars."""
    n_simulations: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class DesignCost:
    """What a design costs."""

    n_comparisons: int
    n_labels: int
    usd: float
    """Labels and training runs."""
    usd_training: float
    """Training runs alone."""
    hours: float
    """Of labelling."""


@dataclass(frozen=True, kw_only=True)
class Reached:
    """How sure a design makes the order."""

    confidence: float
    """Share of the simulations."""
    standard_error: float
    """Of the simulation."""
    closed_form: float
    """The normal approximation."""


def cost_of(question: Question, source: LabelSource, design: Design, *, usd_per_training_run: float) -> DesignCost:
    """Labels at the source's price, and two methods' training runs."""
    n_labels = design.n_labels(question)
    usd_training = 2 * design.n_seeds * usd_per_training_run
    return DesignCost(
        n_comparisons=n_labels // design.labels_per_comparison,
        n_labels=n_labels,
        usd=n_labels * source.usd_per_1000_labels / 1000 + usd_training,
        usd_training=usd_training,
        hours=n_labels * source.hours_per_1000_labels / 1000,
    )


def reached_by(
    question: Question, source: LabelSource, design: Design, share: SimulatedConfidence, index: int
) -> Reached:
    """What a simulation says of a design, with the closed form beside it.

    Args:
        question: what is asked.
        source: who labels.
        design: what was simulated.
        share: the simulation.
        index: the design's place in it.
    """
    return Reached(
        confidence=float(share.confidence[index]),
        standard_error=float(share.standard_error[index]),
        closed_form=closed_form_confidence(question, source, design),
    )
