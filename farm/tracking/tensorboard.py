"""TensorBoard's event files in `root/tracking/tensorboard/NAME/`; `tensorboard --logdir root/tracking/tensorboard`.

A training that goes on after a kill begins its event file anew. Point for point they are those of `metrics.jsonl`,
rounded to 32 bits, for so TensorBoard keeps them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from farm.tracking.curves import Curves

if TYPE_CHECKING:
    from torch.utils.tensorboard.writer import SummaryWriter


@dataclass(frozen=True, kw_only=True)
class TensorBoard:
    """Writes files, and sends nothing."""

    folder: Path
    """Of all trainings; each has its own below it."""

    def begin(self, name: str, settings: Mapping[str, object]) -> Curves:
        # Imported here: only who asks for it has, and waits for, tensorboard.
        from torch.utils.tensorboard.writer import SummaryWriter

        folder = self.folder / name
        for earlier in folder.glob("events.out.tfevents.*"):
            earlier.unlink()
        writer = SummaryWriter(log_dir=str(folder))
        shown = json.dumps(settings, indent=1, sort_keys=True)
        writer.add_text("settings", "".join(f"    {line}\n" for line in shown.splitlines()))  # as code, not Markdown
        return _EventFile(writer)


class _EventFile:
    def __init__(self, writer: "SummaryWriter") -> None:
        self._writer = writer

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()  # a kill loses none that was logged

    def close(self, *, is_whole: bool) -> None:  # noqa: ARG002
        self._writer.close()
