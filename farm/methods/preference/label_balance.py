"""How many unpaired labels are desirable, and what KTO's weights make of it.

Ethayarajh et al. 2024, arXiv 2402.01306: w_desirable n_desirable / (w_undesirable n_undesirable) should be 1 to 4/3.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from farm.bounded.json_text import read_json_object

FILE = "unpaired.json"
LOWEST, HIGHEST = 1.0, 4 / 3


@dataclass(frozen=True, kw_only=True)
class LabelBalance:
    """What a training on unpaired labels had, and weighed. Written to `unpaired.json`."""

    desirable: int
    undesirable: int
    desirable_weight: float
    undesirable_weight: float

    @property
    def ratio(self) -> float | None:
        """Weight of all desirable labels by that of all undesirable ones; None where these weigh nothing."""
        weight = self.undesirable * self.undesirable_weight
        return self.desirable * self.desirable_weight / weight if weight else None

    @property
    def advice(self) -> str:
        """What to change where the ratio is outside the paper's range; empty where it is inside."""
        if not (self.desirable and self.undesirable):
            kind = "desirable" if self.desirable else "undesirable"
            return f"all {self.desirable + self.undesirable:,} unpaired labels are {kind}: nothing to tell apart"
        if self.ratio is not None and LOWEST <= round(self.ratio, 9) <= round(HIGHEST, 9):
            return ""
        balanced = self.undesirable * self.undesirable_weight / self.desirable
        return f"{self.words}, outside; method.desirable_weight={balanced:.3g} would be within"

    @property
    def words(self) -> str:
        """Counts, weights and their ratio."""
        ratio = "no ratio" if self.ratio is None else f"ratio {self.ratio:.2f}"
        return (
            f"{self.desirable:,} desirable labels (weight {self.desirable_weight:g}) and {self.undesirable:,} "
            f"undesirable (weight {self.undesirable_weight:g}), {ratio}, where KTO's paper wants 1 to 1.33"
        )

    def write(self, folder: Path) -> None:
        """Into the method's artifact."""
        (folder / FILE).write_text(json.dumps(asdict(self), sort_keys=True, indent=1) + "\n")


def read_balance(folder: Path) -> LabelBalance | None:
    """What `write` wrote; None where the training had no unpaired labels."""
    file = folder / FILE
    return LabelBalance(**read_json_object(file)) if file.is_file() else None
