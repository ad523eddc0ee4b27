"""From a policy to its standing: which checkpoint, which answers, and how they fare against the reference.

The second half of farm/pipeline/training.py's chain; the training half is there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from farm.calls.request import Calls
from farm.data.dataset import Utility
from farm.errors import UserError
from farm.methods.online.candidates import snapshots_of
from farm.models.answering import best_answers, draw_answers, keep_short, score_answers
from farm.models.checkpoint import Model
from farm.pipeline.artifact_files import (
    answers_by_instruction,
    load_policy,
    write_json,
    write_policy,
)
from farm.pipeline.chain import Chain
from farm.pipeline.judging.checkpoint_selection import (
    Candidate,
    candidate_of,
    choice_of,
    choose,
    judge_candidate,
)
from farm.pipeline.judging.collapse import NOTES, collapse_notes
from farm.pipeline.judging.over_optimisation import (
    SELECTION_FILE,
    answer_utilities,
    rollout_points,
    selection_kls,
    selection_points,
)
from farm.pipeline.judging.standings import (
    RunIdentity,
    comparisons_with_reference,
    counts_grades,
    judge_outputs,
    outcomes_of,
    standing_of,
)
from farm.records import Annotation, Instruction, OptimizationPoint, Outcome, Output, Policy, Standing, instructions_of
from farm.seeds import derive_seed
from farm.stats.best_of_n import pair_agreement
from farm.store.artifacts import Artifact, Stage, Store
from farm.store.tables import read_table, write_table

SELECTION = Stage("selection", 1)
ANSWERS = Stage("answers", 1)
OUTPUTS = Stage("outputs", 1)
STANDINGS = Stage("standings", 2)


def select_checkpoint(
    store: Store, parents: Mapping[str, Artifact], trained: Artifact, chain: Chain, calls: Calls
) -> Artifact:
    """The candidate that the held-out judges prefer to the SFT policy most often, and the record of the choice; the
    trained policy itself if it kept its end only."""
    selection, policy = chain.selection, load_policy(trained)
    candidates = snapshots_of(trained.path, policy.checkpoint)
    if selection is None or not candidates:
        return trained
    seed = derive_seed(chain.seed, "selection of arm", chain.annotator.arm)
    reference = draw_validation_answers(store, parents["dataset"], load_policy(parents["sft"]), chain, seed)
    answered = {
        candidate.step: draw_validation_answers(
            store, parents["dataset"], replace(policy, checkpoint=candidate.checkpoint), chain, seed
        )
        for candidate in candidates
    }

    def build(output_dir: Path, scratch_dir: Path) -> None:  # noqa: ARG001
        rows = []
        compared_with = read_table(reference.file("answers.parquet"), Output)
        for step, artifact in answered.items():
            answers = read_table(artifact.file("answers.parquet"), Output)
            labels = judge_candidate(selection, compared_with, answers, seed, calls)
            flat = [annotation for annotations in labels for annotation in annotations]
            write_table(output_dir / f"annotations_{step:04d}.parquet", flat, Annotation)
            rows.append(candidate_of(step, answers, labels))
        rows = choose(rows)
        (checkpoint,) = [c.checkpoint for c, row in zip(candidates, rows, strict=True) if row.is_chosen]
        write_table(output_dir / "candidates.parquet", rows, Candidate)
        write_json(output_dir / "choice.json", choice_of(selection, rows))
        write_policy(replace(policy, checkpoint=checkpoint), output_dir)

    from_steps = {f"step {step}": artifact for step, artifact in answered.items()}
    parents = {"policy": trained, "reference": reference, **from_steps}
    return store.get(SELECTION, component=selection, parents=parents, seed=seed, build=build)


def draw_evaluation_answers(store: Store, data: Artifact, policy: Artifact, chain: Chain, seed: int) -> Artifact:
    """The policy's `best_of` answers to each evaluation instruction."""

    def asked() -> list[Instruction]:
        return instructions_of(read_table(data.file("evaluation.parquet"), Output))

    limit = chain.evaluation.n_instructions
    return _draw(store, data, load_policy(policy), chain.model, asked, limit, seed=seed, label="evaluation outputs")


def draw_validation_answers(store: Store, data: Artifact, policy: Policy, chain: Chain, seed: int) -> Artifact:
    """One answer of the policy to each validation instruction that the selection asks for."""
    assert chain.selection is not None

    def asked() -> list[Instruction]:
        return keep_short(chain.model, read_table(data.file("validation.parquet"), Instruction))

    unfiltered, limit = replace(policy, best_of=1), chain.selection.n_instructions
    return _draw(store, data, unfiltered, chain.model, asked, limit, seed=seed, label="validation outputs")


def pick_outputs(store: Store, answers: Artifact, policy: Artifact, sft: Artifact, chain: Chain, seed: int) -> Artifact:
    """The answer that the policy's scorer likes best, with all scores, (instructions, best_of)."""
    answering = load_policy(policy)
    utility = chain.utility if answering.scorer == "utility" else None
    if answering.scorer == "utility" and utility is None:
        raise UserError("scorer=utility is the oracle: it needs a dataset whose true utility is known")

    def build(output_dir: Path, scratch_dir: Path) -> None:  # noqa: ARG001
        rows = answers_by_instruction(answers, answering.best_of)
        if utility is not None:
            scores = answer_utilities(rows, utility)
        else:
            scores = score_answers(chain.model, answering, load_policy(sft), rows, seed=seed)
        write_table(output_dir / "outputs.parquet", best_answers(rows, scores), Output)
        np.save(output_dir / "scores.npy", scores, allow_pickle=False)

    parents = {"answers": answers, "policy": policy, "sft": sft}
    return store.get(OUTPUTS, component={"utility": utility}, parents=parents, seed=seed, build=build)


def evaluate(store: Store, parents: Mapping[str, Artifact], chain: Chain, calls: Calls) -> Artifact:
    """Outcomes per instruction and the standing with every evaluation annotator; in closed worlds the curves of proxy
    reward against true utility too."""
    identity = RunIdentity(
        method=chain.method_name,
        annotator_train=chain.annotator.name,
        seed=chain.seed,
        dataset=chain.dataset.name,
        model=chain.model.name,
    )

    graded = [name for name, annotator in sorted(chain.evaluation.annotators.items()) if counts_grades(annotator)]

    def build(output_dir: Path, scratch_dir: Path) -> None:  # noqa: ARG001
        answered = read_table(parents["outputs"].file("outputs.parquet"), Output)
        reference = read_table(parents["dataset"].file("evaluation.parquet"), Output)[: len(answered)]
        compared = comparisons_with_reference(reference, answered)
        utilities = chain.utility.utilities(answered) if chain.utility else None
        outcomes: list[Outcome] = []
        standings: list[Standing] = []
        for name, annotator in sorted(chain.evaluation.annotators.items()):
            labels = judge_outputs(
                annotator, compared, n_labels=chain.evaluation.n_labels, seed=chain.seed, calls=calls
            )
            flat = [annotation for annotations in labels for annotation in annotations]
            write_table(output_dir / f"annotations_{name}.parquet", flat, Annotation)
            rows = outcomes_of(name, answered, labels, utilities, is_graded=name in graded)
            outcomes += rows
            standings.append(standing_of(identity, rows))
        write_table(output_dir / "outcomes.parquet", outcomes, Outcome)
        write_table(output_dir / "standings.parquet", standings, Standing)
        _write_selection(output_dir, parents)
        trained = store.owner(load_policy(parents["policy"]).checkpoint)
        if notes := collapse_notes(answered, trained.file("metrics.jsonl")):
            write_json(output_dir / NOTES, notes)
        if chain.utility is not None:
            _write_optimization(
                output_dir, parents, trained.file("rollouts.parquet"), chain.utility, has_curve=chain.best_of is None
            )

    component: dict[str, object] = {
        "evaluation": chain.evaluation,
        "utility": chain.utility,
        "identity": identity,
        # Older standings counted these by the classes of their verdicts, under a key without.
        **({"graded": graded} if graded else {}),
    }
    return store.get(STANDINGS, component=component, parents=parents, seed=chain.seed, build=build)


def _write_selection(output_dir: Path, parents: Mapping[str, Artifact]) -> None:
    """For pickers, `selection.json`: what picking costs in KL, measured and at most."""
    policy = load_policy(parents["policy"])
    if policy.best_of > 1:
        scores = np.load(parents["outputs"].file("scores.npy"), allow_pickle=False)
        write_json(output_dir / SELECTION_FILE, [kl._asdict() for kl in selection_kls(scores, policy.scorer)])


def _write_optimization(
    output_dir: Path, parents: Mapping[str, Artifact], rollouts: Path, utility: Utility, *, has_curve: bool
) -> None:
    """points.parquet, and for pickers the agreement of their scores with the utility on pairs of held-out answers.

    A curve begins at the SFT policy: picking among the answers of another one has none.
    """
    policy, points = load_policy(parents["policy"]), []
    if policy.best_of > 1:
        scores = np.load(parents["outputs"].file("scores.npy"), allow_pickle=False)
        utilities = answer_utilities(answers_by_instruction(parents["answers"], policy.best_of), utility)
        points = selection_points(scores, utilities) if has_curve else []
        agreement = pair_agreement(scores, utilities)
        if agreement is not None:
            write_json(output_dir / "agreement.json", agreement._asdict())
    elif rollouts.is_file():
        points = rollout_points(pd.read_parquet(rollouts), utility)
    write_table(output_dir / "points.parquet", points, OptimizationPoint)


def _draw(
    store: Store,
    data: Artifact,
    policy: Policy,
    model: Model,
    asked: Callable[[], Sequence[Instruction]],
    limit: int | None,
    *,
    seed: int,
    label: str,
) -> Artifact:
    """The policy's `best_of` answers to the first `limit` of the instructions that are asked; `label` names the draws.

    The parent is whoever owns the checkpoint, so that all pickers (reward model, longest, ...) choose from one draw.
    """
    owner = store.owner(policy.checkpoint)

    def build(output_dir: Path, scratch_dir: Path) -> None:  # noqa: ARG001
        answers = draw_answers(
            model,
            policy,
            asked()[:limit],
            n=policy.best_of,
            temperature=policy.temperature,
            seed=seed,
            label=label,
        )
        write_table(output_dir / "answers.parquet", [o for row in answers for o in row], Output)

    component = {
        "checkpoint": policy.checkpoint.resolve().relative_to(owner.path).as_posix(),
        "prefix": policy.prefix,
        "suffix": policy.suffix,
        "temperature": policy.temperature,
        "n": policy.best_of,
        "n_instructions": limit,
        "label": label,
        "model": model,
    }
    parents = {"dataset": data, "checkpoint": owner}
    return store.get(ANSWERS, component=component, parents=parents, seed=seed, build=build)
