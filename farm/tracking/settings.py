"""Which tools show curves: the `tracking` of conf/config.yaml as an object."""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from farm.config.checks import FieldError, check_name
from farm.tracking.curves import Tracker
from farm.tracking.tensorboard import TensorBoard
from farm.tracking.trackio import Trackio
from farm.tracking.wandb import WeightsAndBiases

Tool = Literal["tensorboard", "trackio", "wandb"]
FOLDER = "tracking"
"""Of what the tools write, below the root."""


@dataclass(frozen=True, kw_only=True)
class TrackingSettings:
    """Whom curves are shown to; nobody by default."""

    report_to: tuple[Tool, ...]
    """The tools; none for nobody."""
    project: str
    """What trackio and wandb file the runs under."""

    def __post_init__(self) -> None:
        check_name("project", self.project)
        missing = [tool for tool in self.report_to if importlib.util.find_spec(tool) is None]
        if missing:
            extras = ",".join(missing)
            reason = f"{', '.join(missing)} is not installed; pip install 'preference-farm[{extras}]'"
            raise FieldError({"report_to": reason})

    def trackers(self, root: Path) -> tuple[Tracker, ...]:
        """The tools, each once, ready to begin; none of them is imported yet.

        Args:
            root: of the artifacts.
        """
        return tuple(_TRACKERS[tool](root / FOLDER, self.project) for tool in dict.fromkeys(self.report_to))


_TRACKERS: Mapping[Tool, Callable[[Path, str], Tracker]] = {
    "tensorboard": lambda folder, project: TensorBoard(folder=folder / "tensorboard"),  # noqa: ARG005
    "trackio": lambda folder, project: Trackio(project=project),  # noqa: ARG005
    "wandb": lambda folder, project: WeightsAndBiases(folder=folder / "wandb", project=project),
}
