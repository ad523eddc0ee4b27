"""What a dataset gives to the pipeline. One file + one YAML per dataset; each returns these splits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from farm.records import Annotation, Comparison, Demonstration, Instruction, LabelledOutput, Output


@dataclass(frozen=True, kw_only=True)
class Splits:
    """The parts of a dataset, disjoint by instruction."""

    demonstrations: Sequence[Demonstration]
    """For supervised fine-tuning."""
    preference: Sequence[Instruction]
    """Instructions on which two outputs are compared."""
    unlabeled: Sequence[Instruction]
    """Instructions for methods that draw their own outputs."""
    evaluation: Sequence[Output]
    """Held-out instructions with the reference model's outputs."""
    validation: Sequence[Instruction] = ()
    """Held-out instructions on which a checkpoint is chosen among a method's candidates; never for the evaluation."""
    comparisons: Sequence[Comparison] = ()
    """Comparisons that came with the data (recorded pairs), if any."""
    annotations: Sequence[Annotation] = ()
    """Recorded verdicts on `comparisons`, if any."""
    unpaired: Sequence[LabelledOutput] = ()
    """Outputs that came with a label each, desirable or not, if any."""


class Dataset(Protocol):
    """Reads or makes its splits; a frozen dataclass whose fields identify the content."""

    @property
    def name(self) -> str: ...

    def lacking(self) -> Mapping[str, str]:
        """Why it cannot be read, by field: all files that are not there at once; empty where nothing is lacking."""

    def load(self) -> Splits:
        """Raises `farm.data.files.rows.DataError` with file, row, field and what was expected."""


class Utility(Protocol):
    """True utility of an output, known only in closed worlds and used only by the evaluation."""

    def utilities(self, outputs: Sequence[Output]) -> list[float]: ...
