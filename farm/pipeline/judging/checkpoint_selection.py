"""Which of a method's candidates becomes its policy: the one that a held-out judge prefers on held-out instructions.

AlpacaFarm (arXiv 2305.14387) stopped PPO by hand, at 20 to 80 of 390 steps. Who looks at the evaluation, or asks its
judge, puts its noise and its taste into the choice and flatters the method. Here every candidate answers the validation
instructions once; judges that neither label for training nor evaluate compare each answer with the SFT policy's; the
highest win rate wins, and among equals the earliest candidate. Only methods that keep more than one candidate
(`n_snapshots`, farm/methods/online/candidates.py) take part.

The win rate that the chosen one has here is the best of several, and so too high on average; the evaluation's is not,
for it is measured anew.

The labels that this takes are not part of the method's label budget: they come from another annotator, on other
instructions, and teach the policy nothing but when to stop. `choice.json` counts them apart; the tokens, the time and
the FLOPs that they take are those of the stages that spend them.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from farm.annotators.annotator import Annotator
from farm.calls.request import Calls
from farm.config.checks import check_fields
from farm.errors import UserError
from farm.judges.judge import Judge
from farm.pipeline.judging.standings import (
    RunIdentity,
    comparisons_with_reference,
    judge_outputs,
    outcomes_of,
    standing_of,
)
from farm.records import Annotation, Output
from farm.store.keys import describe

MIN_PARSED_SHARE = 0.5
"""A candidate on most of whose answers there is no verdict cannot be chosen: its win rate is about the others."""


@dataclass(frozen=True, kw_only=True)
class CheckpointSelection:
    """Who chooses among candidates, and on how much."""

    key_name: ClassVar[str] = "CheckpointSelection"

    annotator: Annotator
    """The held-out judges: none of them may label or evaluate. Their noise stage is left out, as in the evaluation."""
    n_instructions: int | None
    """Judge on the first n validation instructions only; null for all."""
    n_labels: int
    """Labels per instruction and candidate, each by a judge drawn anew."""

    def __post_init__(self) -> None:
        check_fields(self, at_least={"n_labels": 1, "n_instructions": 1})


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """How one candidate fared: a row of `candidates.parquet`."""

    step: int
    """Training steps behind it."""
    win_rate: float | None
    """Against the SFT policy, in [0, 1]; ties count one half, unparsed verdicts are left out; None if none parsed."""
    standard_error: float | None
    """Of win_rate, over instructions."""
    n_wins: int
    n_ties: int
    n_total: int
    """Verdicts that count: parsed ones."""
    n_unparsed: int
    n_instructions: int
    """Instructions with at least one parsed verdict."""
    mean_length: float
    """Mean length of the answers, in characters."""
    is_chosen: bool
    """Whether it became the method's policy."""


def check_held_out(selection: CheckpointSelection, others: Mapping[str, Annotator]) -> None:
    """Raise ValueError if a judge that chooses also labels or evaluates, whatever its name and the noise behind it.

    Args:
        selection: whose judges must be held out.
        others: by what they do, such as "evaluates as crowd".
    """
    own = _descriptions(selection.annotator)
    if not own:
        raise ValueError(
            f"selection.annotator: {selection.annotator.name} replays recorded verdicts; the candidates' answers are "
            "new, and there are none on them. Choose judges, or selection=none"
        )
    for role, other in others.items():
        if own & _descriptions(other):
            raise ValueError(
                f"selection.annotator: {selection.annotator.name} shares a judge with {other.name}, which {role}. "
                "Who chooses the checkpoint must be held out, or the result flatters it: choose other judges (another "
                "seed, prompt or model), or selection=none for the end of training"
            )


def judge_candidate(
    selection: CheckpointSelection, reference: Sequence[Output], answers: Sequence[Output], seed: int, calls: Calls
) -> list[list[Annotation]]:
    """The verdicts on a candidate's answers, (n_labels, n_instructions); output_1 is the SFT policy's."""
    compared = comparisons_with_reference(reference, answers)
    return judge_outputs(selection.annotator, compared, n_labels=selection.n_labels, seed=seed, calls=calls)


def candidate_of(step: int, answers: Sequence[Output], labels: Sequence[Sequence[Annotation]]) -> Candidate:
    """A candidate's row from the verdicts on it; not chosen yet."""
    identity = RunIdentity(method="", annotator_train="", seed=0, dataset="", model="")
    row = standing_of(identity, outcomes_of("selection", answers, labels, None))
    return Candidate(
        step=step,
        win_rate=row.win_rate,
        standard_error=row.standard_error,
        n_wins=row.n_wins,
        n_ties=row.n_ties,
        n_total=row.n_total,
        n_unparsed=row.n_unparsed,
        n_instructions=row.n_instructions,
        mean_length=row.mean_length,
        is_chosen=False,
    )


def choose(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The candidates by step, one of them chosen: the highest win rate, among equals the earliest.

    Raises:
        UserError: none of them has enough verdicts to be chosen.
    """
    rows = sorted(candidates, key=lambda row: row.step)
    rates = {
        row.step: row.win_rate
        for row in rows
        if row.win_rate is not None and row.n_total >= MIN_PARSED_SHARE * (row.n_total + row.n_unparsed)
    }
    if not rates:
        counts = ", ".join(f"step {row.step}: {row.n_unparsed} of {row.n_total + row.n_unparsed}" for row in rows)
        raise UserError(
            f"no candidate can be chosen: most verdicts on each are unparsed ({counts}). "
            "Choose another selection.annotator, or selection=none for the end of training"
        )
    best = max(rates, key=lambda step: rates[step])  # the first of equals
    return [replace(row, is_chosen=row.step == best) for row in rows]


def chosen_of(candidates: Sequence[Candidate]) -> Candidate:
    """The one that was chosen."""
    (chosen,) = [row for row in candidates if row.is_chosen]
    return chosen


def choice_of(selection: CheckpointSelection, candidates: Sequence[Candidate]) -> dict[str, object]:
    """`choice.json`: what was chosen, by whom, and what it took."""
    return {
        "step": chosen_of(candidates).step,
        "steps": [row.step for row in candidates],
        "annotator": selection.annotator.name,
        "labels": sum(row.n_total + row.n_unparsed for row in candidates),
    }


def _descriptions(annotator: Annotator) -> set[str]:
    """What each of its judges is, but for its name."""
    return {_description(judge) for judge in annotator.judges()}


def _description(judge: Judge) -> str:
    try:
        described = describe(judge)
    except TypeError:  # the parsers of AlpacaEval's evaluators are functions
        return repr(judge)
    assert isinstance(described, dict)
    return json.dumps({key: value for key, value in described.items() if key != "name"}, sort_keys=True)
