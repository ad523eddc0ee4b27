"""The whole chain, readable from top to bottom. Every arrow is one function (parents, component, seed) -> artifact.

    dataset -> sft -> two samples each -> comparisons -> annotations -> pairs -> reward model -> method
            -> one of its candidates -> outputs -> judged against the reference -> outcomes and standings

Arms: annotators with the same `arm` label the same samples; different arms draw their own, at every stage that samples
for them, so that rankings of two arms are independent given the SFT model.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from farm.annotators.annotator import Annotator
from farm.calls.request import NO_CALLS, Calls
from farm.data.dataset import Dataset
from farm.errors import UnfitError
from farm.methods.method import Method, RewardStage
from farm.models.answering import draw_answers, keep_short
from farm.models.checkpoint import Model
from farm.pipeline.artifact_files import (
    labelled_pairs,
    load_policy,
    training_inputs,
    write_json,
    write_policy,
)
from farm.pipeline.chain import Chain
from farm.pipeline.enough_rows import check_pairs, check_rows, label_budget
from farm.pipeline.judging.stages import draw_evaluation_answers, evaluate, pick_outputs, select_checkpoint
from farm.pipeline.label_budget import BudgetedLabels, LabelSource
from farm.pipeline.model_fit import check_context, check_model
from farm.pipeline.unpaired_labels import learns_from_unpaired, unpaired_labels, write_unpaired
from farm.records import (
    Annotation,
    Comparison,
    Demonstration,
    Instruction,
    Output,
    Preference,
    PreferencePair,
    comparison_of,
)
from farm.seeds import derive_seed
from farm.store.artifacts import Artifact, Stage, Store
from farm.store.cost import Cost, count
from farm.store.tables import read_table, write_table

logger = logging.getLogger(__name__)

DATASET = Stage("dataset", 3)
POLICY = Stage("policy", 1)
COMPARISONS = Stage("comparisons", 2)
ANNOTATIONS = Stage("annotations", 2)
PAIRS = Stage("pairs", 2)
REWARD_MODEL = Stage("reward_model", 1)


def run_chain(store: Store, chain: Chain, calls: Calls) -> Artifact:
    """Make, or find, everything the chain needs; returns the standings artifact. Judge models are asked by `calls`."""
    arm = chain.annotator.arm
    if not store.is_read_only:
        check_model(chain.model)
    data = dataset_tables(store, chain.dataset)
    check_rows(data, chain)
    if not store.is_read_only:
        check_context(data, chain)
    parents = {"dataset": data}
    is_recorded = chain.comparisons.source == "recorded"
    if is_recorded:  # what is known before anything is trained is checked before
        parents |= labelled_data(store, parents, chain, calls)
    sft = parents["sft"] = train_sft(store, data, chain.model, chain.sft, chain.seed)
    if not is_recorded:
        parents |= labelled_data(store, parents, chain, calls)
    if "reward_model" in chain.requires:
        parents["reward_model"] = train_reward_model(
            store, parents["pairs"], sft, chain.model, chain.reward_model, chain.seed
        )
    policy = train_method(store, parents, chain, calls)
    if chain.selection is not None:
        policy = select_checkpoint(store, parents, policy, chain, calls)
    if chain.best_of is not None:
        policy = answer_with_the_best(store, policy, parents.get("reward_model"), chain.best_of, chain.scorer)
    answers = draw_evaluation_answers(store, data, policy, chain, derive_seed(chain.seed, "arm", arm))
    outputs = pick_outputs(store, answers, policy, sft, chain, derive_seed(chain.seed, "arm", arm))
    parents = {"dataset": data, "policy": policy, "answers": answers, "outputs": outputs}
    return evaluate(store, parents, chain, calls)


def dataset_tables(store: Store, dataset: Dataset) -> Artifact:
    """The dataset's splits as tables."""

    def build(output_dir: Path, scratch_dir: Path) -> None:  # noqa: ARG001
        splits = dataset.load()
        write_table(output_dir / "demonstrations.parquet", splits.demonstrations, Demonstration)
        write_table(output_dir / "preference.parquet", splits.preference, Instruction)
        write_table(output_dir / "unlabeled.parquet", splits.unlabeled, Instruction)
        write_table(output_dir / "evaluation.parquet", splits.evaluation, Output)
        write_table(output_dir / "validation.parquet", splits.validation, Instruction)
        write_table(output_dir / "comparisons.parquet", splits.comparisons, Comparison)
        write_table(output_dir / "annotations.parquet", splits.annotations, Annotation)
        write_unpaired(output_dir, splits.unpaired)

    return store.get(DATASET, component=dataset, parents={}, seed=0, build=build)


def labelled_data(store: Store, parents: Mapping[str, Artifact], chain: Chain, calls: Calls) -> dict[str, Artifact]:
    """The preference pairs, if the method or its reward model learns from them; enough of them, or UnfitError. For
    methods that take unpaired labels: these, where the dataset brings them."""
    if not {"pairs", "unpaired", "reward_model"} & chain.requires:
        return {}
    if learns_from_unpaired(parents["dataset"], chain):
        return {"unpaired": unpaired_labels(store, parents, chain)}
    compared = draw_comparisons(store, parents, chain, chain.seed)
    annotated = annotate(store, compared, chain.annotator, chain.seed, calls)
    pairs = preference_pairs(store, compared, annotated)
    check_pairs(pairs, chain)
    return {"pairs": pairs}


def train_sft(store: Store, data: Artifact, model: Model, sft: Method, seed: int) -> Artifact:
    """The supervised policy from the demonstrations."""
    return _train(store, {"dataset": data}, model.for_stage("sft"), sft, seed, calls=NO_CALLS)


def draw_comparisons(store: Store, made: Mapping[str, Artifact], chain: Chain, seed: int) -> Artifact:
    """Two answers of the SFT policy to each preference instruction, or the pairs that came with the dataset."""
    settings, model, data = chain.comparisons, chain.model, made["dataset"]

    def build(output_dir: Path, scratch_dir: Path) -> None:  # noqa: ARG001
        if settings.source == "recorded":
            compared = read_table(data.file("comparisons.parquet"), Comparison)[: settings.n_comparisons]
            recorded = read_table(data.file("annotations.parquet"), Annotation)
            if not compared:
                raise UnfitError("comparisons.source=recorded, but the dataset brings no comparisons")
        else:
            policy = load_policy(made["sft"])
            instructions = keep_short(model, read_table(data.file("preference.parquet"), Instruction))
            answers = draw_answers(
                model,
                policy,
                instructions[: settings.n_comparisons],
                n=2,
                temperature=settings.temperature,
                seed=derive_seed(seed, "comparisons of arm", chain.annotator.arm),
                label="two samples each",
            )
            compared, recorded = [comparison_of(first, second) for first, second in answers], []
            write_table(output_dir / "outputs.parquet", [o for pair in answers for o in pair], Output)
        write_table(output_dir / "comparisons.parquet", compared, Comparison)
        write_table(output_dir / "recorded.parquet", recorded, Annotation)

    component = {"settings": settings, "model": model, "arm": chain.annotator.arm}
    parents = {"dataset": data} if settings.source == "recorded" else {"dataset": data, "sft": made["sft"]}
    return store.get(COMPARISONS, component=component, parents=parents, seed=seed, build=build)


def annotate(store: Store, compared: Artifact, annotator: Annotator, seed: int, calls: Calls) -> Artifact:
    """One label per comparison by the training annotator, noise included."""

    def build(output_dir: Path, scratch_dir: Path) -> None:  # noqa: ARG001
        comparisons = read_table(compared.file("comparisons.parquet"), Comparison)
        recorded = read_table(compared.file("recorded.parquet"), Annotation)
        annotations = annotator.annotate(comparisons, recorded, seed, with_noise=True, calls=calls)
        count(Cost(labels=len(annotations)))
        write_table(output_dir / "annotations.parquet", annotations, Annotation)

    return store.get(ANNOTATIONS, component=annotator, parents={"comparisons": compared}, seed=seed, build=build)


def preference_pairs(store: Store, compared: Artifact, annotated: Artifact) -> Artifact:
    """Chosen and rejected; ties, unparsed verdicts and preferences between two equal texts teach no order and are left
    out and counted."""

    def build(output_dir: Path, scratch_dir: Path) -> None:  # noqa: ARG001
        annotations = read_table(annotated.file("annotations.parquet"), Annotation)
        pairs = labelled_pairs(compared, annotations)
        verdicts = [annotation.preference for annotation in annotations]
        counts = {
            "pairs": len(pairs),
            "ties": verdicts.count(Preference.TIE),
            "unparsed": verdicts.count(None),
        }
        n_equal = counts["equal_outputs"] = len(verdicts) - sum(counts.values())
        if not pairs:
            raise UnfitError(
                f"no preference pair is left of {len(verdicts)} annotations: {counts['ties']} are ties, "
                f"{counts['unparsed']} unparsed, {n_equal} prefer one of two outputs with the same text"
            )
        if n_equal:
            logger.warning(
                "%d of %d preferences are between two outputs with the same text, which teaches nothing; they are left "
                "out",
                n_equal,
                len(verdicts),
            )
        write_table(output_dir / "pairs.parquet", pairs, PreferencePair)
        write_json(output_dir / "counts.json", counts)

    parents = {"comparisons": compared, "annotations": annotated}
    return store.get(PAIRS, component={}, parents=parents, seed=0, build=build)


def train_reward_model(
    store: Store, pairs: Artifact, sft: Artifact, model: Model, reward_model: RewardStage, seed: int
) -> Artifact:
    """A scalar reward from the preference pairs."""
    model = model.for_stage("reward_model")

    def build(output_dir: Path, scratch_dir: Path) -> None:
        rows = read_table(pairs.file("pairs.parquet"), PreferencePair)
        reward_model.train(
            rows, model=model, sft=load_policy(sft), output_dir=output_dir, scratch_dir=scratch_dir, seed=seed
        )

    component = {"reward_model": reward_model, "model": model, **_adapter_of(model)}
    parents = {"pairs": pairs, "sft": sft}
    return store.get(REWARD_MODEL, component=component, parents=parents, seed=seed, build=build)


def train_method(store: Store, parents: Mapping[str, Artifact], chain: Chain, calls: Calls) -> Artifact:
    """The method's policy from the inputs that it requires, and no others; one that asks for labels asks the annotator.

    Such a method's samples are drawn for the arm, as those are that other methods learn from.
    """
    needed = {"demonstrations": "dataset", "unlabeled": "dataset"}
    needed |= {} if "unpaired" in parents else {"unpaired": "pairs"}
    roles = {needed.get(requirement, requirement) for requirement in chain.method.requires} - {"labels"}
    inputs = {role: parents[role] for role in sorted(roles)}
    model = chain.model.for_stage("method")
    if "labels" not in chain.method.requires:
        return _train(store, inputs, model, chain.method, chain.seed, calls=calls)
    source = LabelSource(annotator=chain.annotator, budget=label_budget(parents["dataset"], chain))
    return _train(store, inputs, model, chain.method, chain.seed, source=source, calls=calls)


def answer_with_the_best(
    store: Store, policy: Artifact, reward_model: Artifact | None, best_of: int, scorer: str
) -> Artifact:
    """The trained policy, keeping the best of several answers; it draws from the same checkpoint."""

    def build(output_dir: Path, scratch_dir: Path) -> None:  # noqa: ARG001
        picker = reward_model.path if reward_model and scorer == "reward_model" else None
        write_policy(replace(load_policy(policy), best_of=best_of, scorer=scorer, reward_model=picker), output_dir)

    parents = {"policy": policy}
    if reward_model and scorer == "reward_model":
        parents["reward_model"] = reward_model
    return store.get(POLICY, component={"best_of": best_of, "scorer": scorer}, parents=parents, seed=0, build=build)


def _train(
    store: Store,
    parents: Mapping[str, Artifact],
    model: Model,
    method: Method,
    seed: int,
    *,
    source: LabelSource | None = None,
    calls: Calls,
) -> Artifact:
    def build(output_dir: Path, scratch_dir: Path) -> None:
        labels = BudgetedLabels(source, scratch_dir=scratch_dir, seed=seed, calls=calls) if source else None
        draws_seed = derive_seed(seed, "samples of arm", source.annotator.arm) if source else seed
        policy = method.train(training_inputs(parents, model, method, labels), output_dir, scratch_dir, draws_seed)
        if labels:
            labels.write(output_dir)
        write_policy(policy, output_dir)

    component = {"method": method, "model": model, **_adapter_of(model), **({"labels": source} if source else {})}
    return store.get(POLICY, component=component, parents=parents, seed=seed, build=build)


def _adapter_of(model: Model) -> dict[str, object]:
    """What a training's key has beside the model: samplers and scorers read merged weights and need not know."""
    return {"adapter": model.adapter} if model.adapter else {}
