"""A root of finished runs made by hand: two instructions, a reference, and what two judges said of each answer."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from farm.pipeline.judging.standings import RunIdentity, comparisons_with_reference, outcomes_of, standing_of
from farm.records import Annotation, Output, Preference
from farm.store.artifacts import Artifact, Stage, Store
from farm.store.tables import write_table

REFERENCE = {"Name a bird.": "A duck.", "Name a fish.": "# Fish\n- a **carp**\n- a pike"}
LETTERS = {"W": Preference.SECOND, "T": Preference.TIE, "L": Preference.FIRST, "-": None}
"""The reference is output_1: the model wins with the second."""


def add_run(
    store: Store,
    method: str,
    verdicts: Mapping[str, Sequence[str]],
    *,
    answers: Sequence[str] = ("An owl.", "A carp."),
    labels: str = "crowd",
    seed: int = 0,
    reference: Mapping[str, str] = REFERENCE,
) -> Artifact:
    """A run judged by hand.

    Args:
        store: to write to.
        method: its name.
        verdicts: of each evaluation annotator, for each instruction the labels, such as "WWL".
        answers: one per instruction.
        labels: whose labels trained it.
        seed: of its training.
        reference: instruction and the answer to be beaten.
    """
    against = [
        Output(instruction=asked, output=output, generator="expert", dataset="pond")
        for asked, output in reference.items()
    ]
    answered = [
        Output(instruction=each.instruction, output=output, generator=method, dataset="pond")
        for each, output in zip(against, answers, strict=True)
    ]
    dataset = _made(store, "dataset", {}, {"evaluation.parquet": (against, Output)})
    policy = _made(store, "policy", {"method": method, "labels": labels, "seed": seed, "answers": list(answers)}, {})
    asked = _made(store, "answers", {"of": policy.key}, {}, dataset=dataset, policy=policy)
    outputs = _made(store, "outputs", {}, {"outputs.parquet": (answered, Output)}, answers=asked, policy=policy)
    identity = RunIdentity(method=method, annotator_train=labels, seed=seed, dataset="pond", model="tiny")
    tables: dict[str, tuple[Sequence[object], type]] = {}
    outcomes, standings = [], []
    compared = comparisons_with_reference(against, answered)
    for annotator, said in verdicts.items():
        rows = [
            [_annotation(c.key, annotator, letters[label]) for c, letters in zip(compared, said, strict=True)]
            for label in range(len(said[0]))
        ]
        tables[f"annotations_{annotator}.parquet"] = ([a for row in rows for a in row], Annotation)
        outcomes_here = outcomes_of(annotator, answered, rows, None)
        outcomes += outcomes_here
        standings.append(standing_of(identity, outcomes_here))
    tables["outcomes.parquet"] = (outcomes, type(outcomes[0]))
    tables["standings.parquet"] = (standings, type(standings[0]))
    parents = {"policy": policy, "answers": asked, "outputs": outputs, "dataset": dataset}
    return _made(store, "standings", {"verdicts": {k: list(v) for k, v in verdicts.items()}}, tables, **parents)


def _annotation(key: str, annotator: str, letter: str) -> Annotation:
    preference = LETTERS[letter]
    return Annotation(
        comparison_key=key, annotator=annotator, judge=f"{annotator} judge", first_shown=2,
        clean_preference=preference, preference=preference, is_noised=False, raw_reply=f"I say {letter}",
        unparsed_reason="" if preference else "no verdict", cost_usd=0.25,
    )  # fmt: skip


def _made(
    store: Store,
    kind: str,
    component: Mapping[str, object],
    tables: Mapping[str, tuple[Sequence[object], type]],
    **parents: Artifact,
) -> Artifact:
    def build(output_dir: Path, scratch_dir: Path) -> None:
        for name, (rows, record) in tables.items():
            write_table(output_dir / name, rows, record)

    return store.get(Stage(kind, 1), component=component, parents=parents, seed=0, build=build)
