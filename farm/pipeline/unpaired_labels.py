"""Labels of single outputs that came with a dataset, for methods that learn from those (such as KTO)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from farm.annotators.recorded import RecordedAnnotator
from farm.errors import UnfitError
from farm.pipeline.chain import Chain
from farm.records import LabelledOutput
from farm.store.artifacts import Artifact, Stage, Store
from farm.store.cost import Cost, count
from farm.store.tables import read_table, write_table

UNPAIRED = Stage("unpaired", 1)
_FILE = "unpaired.parquet"


def write_unpaired(folder: Path, outputs: Sequence[LabelledOutput]) -> None:
    """Beside a dataset's other tables; datasets of pairs have no such table."""
    if outputs:
        write_table(folder / _FILE, outputs, LabelledOutput)


def read_unpaired(artifact: Artifact) -> list[LabelledOutput]:
    """What a dataset or a method's input has; empty where it has none."""
    file = artifact.file(_FILE)
    return read_table(file, LabelledOutput) if file.is_file() else []


def learns_from_unpaired(data: Artifact, chain: Chain) -> bool:
    """Whether the chain is to learn from unpaired labels: its dataset brings them, and recorded labels are asked for.

    Raises:
        UnfitError: its method or its annotator can make nothing of them.
    """
    if chain.comparisons.source != "recorded" or not data.file(_FILE).is_file():
        return False
    if {"pairs", "reward_model"} & chain.requires:
        raise UnfitError(
            f"{chain.method.name} learns from pairs of outputs, and {chain.dataset.name} brings unpaired labels "
            "(prompt, completion, label); method=kto learns from those, or give dataset.preference_file=PAIRS"
        )
    annotator = chain.annotator
    if "unpaired" in chain.requires and not (isinstance(annotator, RecordedAnnotator) and annotator.file is None):
        raise UnfitError(
            f"{chain.dataset.name} brings unpaired labels, which annotator={annotator.name} cannot give or change; "
            "they are replayed by annotator=recorded without annotator.file and noise"
        )
    return "unpaired" in chain.requires


def unpaired_labels(store: Store, made: Mapping[str, Artifact], chain: Chain) -> Artifact:
    """The labelled outputs that the method learns from: all, or comparisons.n_comparisons of them."""
    limit = chain.comparisons.n_comparisons

    def build(output_dir: Path, scratch_dir: Path) -> None:  # noqa: ARG001
        outputs = read_unpaired(made["dataset"])[:limit]
        count(Cost(labels=len(outputs)))
        write_unpaired(output_dir, outputs)

    component = {"n_labels": limit, "annotator": chain.annotator}
    return store.get(UNPAIRED, component=component, parents={"dataset": made["dataset"]}, seed=0, build=build)
