"""Weights & Biases, offline unless the user's WANDB_MODE says otherwise, in `root/tracking/wandb/NAME/wandb/`.

`wandb sync root/tracking/wandb/*/wandb/offline-run-*` sends them when you want it. Code, output, command line, machine
and its load are not recorded. Each try of a training is a run of its own, grouped by the training; a try that goes on
after a kill begins with the points from before, so that the newest is whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from farm.errors import UserError
from farm.plain_text import one_line
from farm.telemetry import set_by_user
from farm.tracking.curves import Curves

if TYPE_CHECKING:
    import wandb


@dataclass(frozen=True, kw_only=True)
class WeightsAndBiases:
    """Sends nothing, unless WANDB_MODE=online: then to WANDB_BASE_URL, with the user's own key."""

    folder: Path
    """Of all trainings; each has its own below it."""
    project: str
    """What the runs are filed under."""

    def begin(self, name: str, settings: Mapping[str, object]) -> Curves:
        # Imported here: only who asks for it has, and waits for, wandb.
        import wandb

        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        mode = cast(Literal["online", "offline", "disabled"], set_by_user("WANDB_MODE") or "offline")
        quiet = wandb.Settings(
            console="off",
            silent=True,
            disable_code=True,
            disable_git=True,
            save_code=False,
            host="",
            x_save_requirements=False,
            x_disable_meta=True,
            x_disable_stats=True,
            x_disable_machine_info=True,
        )
        try:
            run = wandb.init(
                project=self.project,
                name=name,
                group=name,
                config=dict(settings),
                dir=folder,
                mode=mode,
                reinit="create_new",
                settings=quiet,
            )
        except Exception as error:
            raise UserError(
                f"report_to=wandb: it cannot be used ({one_line(str(error))}); WANDB_MODE=offline keeps curves here"
            ) from error
        return _Run(run)


class _Run:
    def __init__(self, run: "wandb.Run") -> None:
        self._run = run

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        self._run.log(dict(figures), step=step)

    def close(self, *, is_whole: bool) -> None:
        self._run.finish(exit_code=0 if is_whole else 1)
