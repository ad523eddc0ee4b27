"""From verdicts on (reference, policy) comparisons to outcomes per instruction and a standing.

The reference's output is output_1 and the policy's output_2, as in AlpacaEval.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from farm.annotators.annotator import Annotator
from farm.calls.request import Calls
from farm.config.checks import check_fields, check_name
from farm.judges.alpaca_eval.judge import EvaluatorJudge
from farm.records import Annotation, Comparison, Outcome, Output, Preference, Standing
from farm.seeds import derive_seed

SCORES = {Preference.FIRST: 0.0, Preference.TIE: 0.5, Preference.SECOND: 1.0}


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """How policies are judged on the held-out instructions."""

    key_name: ClassVar[str] = "Evaluation"

    annotators: Mapping[str, Annotator]
    """The evaluation annotators; their noise stage is left out, as in AlpacaFarm's p_eval."""
    n_labels: int
    """Labels per instruction and annotator, each by a judge drawn anew."""
    n_instructions: int | None
    """Evaluate on the first n instructions only; null for all."""

    def __post_init__(self) -> None:
        check_fields(self, at_least={"n_labels": 1, "n_instructions": 1})
        for name in self.annotators:  # a file of annotations is called by it
            check_name(f"annotators.{name}", name)


@dataclass(frozen=True, kw_only=True)
class RunIdentity:
    """What a row of the leaderboard is about."""

    key_name: ClassVar[str] = "RunIdentity"

    method: str
    annotator_train: str
    seed: int
    dataset: str
    model: str


def comparisons_with_reference(reference: Sequence[Output], outputs: Sequence[Output]) -> list[Comparison]:
    """Pair outputs with the reference's, instruction by instruction.

    Raises:
        ValueError: the two do not answer the same instructions in the same order.
    """
    if [r.instruction_key for r in reference] != [o.instruction_key for o in outputs]:
        raise ValueError("the reference and the outputs do not answer the same instructions in the same order")
    return [
        Comparison(
            instruction=o.instruction,
            input=o.input,
            output_1=r.output,
            output_2=o.output,
            generator_1=r.generator,
            generator_2=o.generator,
            dataset=o.dataset,
            history=o.history,
        )
        for r, o in zip(reference, outputs, strict=True)
    ]


def judge_outputs(
    annotator: Annotator, comparisons: Sequence[Comparison], *, n_labels: int, seed: int, calls: Calls
) -> list[list[Annotation]]:
    """`n_labels` independent annotations per comparison: (n_labels, n_comparisons)."""
    return [
        annotator.annotate(
            comparisons, (), derive_seed(seed, "evaluation label", str(label)), with_noise=False, calls=calls
        )
        for label in range(n_labels)
    ]


def counts_grades(annotator: Annotator) -> bool:
    """Whether an annotator's probabilities are what its verdicts are worth: AlpacaEval's weighted evaluators.

    Other judges' probabilities stand beside their verdicts and do not count here.
    """
    judges = annotator.judges()
    return bool(judges) and all(isinstance(judge, EvaluatorJudge) and judge.is_weighted for judge in judges)


def outcomes_of(
    annotator_eval: str,
    outputs: Sequence[Output],
    labels: Sequence[Sequence[Annotation]],
    utilities: Sequence[float] | None,
    *,
    is_graded: bool = False,
) -> list[Outcome]:
    """One outcome per output.

    Args:
        annotator_eval: who judged.
        outputs: of the policy.
        labels: (n_labels, n_outputs) of them.
        utilities: true utility of each output, where it is known.
        is_graded: score by the annotations' probabilities where they have some (`counts_grades`).
    """
    rows = []
    for index, output in enumerate(outputs):
        preferences = [annotations[index].preference for annotations in labels]
        parsed = [p for p in preferences if p is not None]
        scores = [_score(annotations[index], is_graded=is_graded) for annotations in labels]
        rows.append(
            Outcome(
                instruction_key=output.instruction_key,
                annotator_eval=annotator_eval,
                score=float(np.mean([score for score in scores if score is not None])) if parsed else None,
                n_wins=parsed.count(Preference.SECOND),
                n_ties=parsed.count(Preference.TIE),
                n_losses=parsed.count(Preference.FIRST),
                n_unparsed=len(preferences) - len(parsed),
                length=len(output.output),
                utility=utilities[index] if utilities is not None else None,
            )
        )
    return rows


def _score(annotation: Annotation, *, is_graded: bool) -> float | None:
    """What a label gives the policy, whose output is output_2; None if it was not parsed."""
    if annotation.preference is None:
        return None
    if is_graded and annotation.p_first is not None:
        return 1.0 - annotation.p_first
    return SCORES[annotation.preference]


def standing_of(identity: RunIdentity, outcomes: Sequence[Outcome]) -> Standing:
    """Win rate with its standard error over instructions; unparsed labels are left out and counted."""
    scores = np.array([o.score for o in outcomes if o.score is not None])
    utilities = [o.utility for o in outcomes if o.utility is not None]
    n_wins, n_ties = sum(o.n_wins for o in outcomes), sum(o.n_ties for o in outcomes)
    (annotator_eval,) = {o.annotator_eval for o in outcomes}
    return Standing(
        method=identity.method,
        annotator_train=identity.annotator_train,
        annotator_eval=annotator_eval,
        seed=identity.seed,
        dataset=identity.dataset,
        model=identity.model,
        win_rate=float(scores.mean()) if len(scores) else None,
        standard_error=float(scores.std(ddof=1) / np.sqrt(len(scores))) if len(scores) > 1 else None,
        n_wins=n_wins,
        n_ties=n_ties,
        n_total=n_wins + n_ties + sum(o.n_losses for o in outcomes),
        n_unparsed=sum(o.n_unparsed for o in outcomes),
        n_instructions=len(scores),
        mean_length=float(np.mean([o.length for o in outcomes])),
        utility=float(np.mean(utilities)) if utilities else None,
    )
