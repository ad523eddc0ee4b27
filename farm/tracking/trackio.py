"""Trackio: curves in its own folder (TRACKIO_DIR, else trackio's own), shown by `trackio show --project NAME`.

Its database of a project is one file, which several workers may write; trackio locks it. Nothing is sent, unless the
user's TRACKIO_SPACE_ID or TRACKIO_SERVER_URL names a place. Load of the machine is not recorded. Each try of a training
is a run of its own under the training's name; a try that goes on after a kill begins with the points from before, so
that the newest is whole.
"""

import io
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING

from farm.errors import UserError
from farm.plain_text import one_line
from farm.tracking.curves import Curves

if TYPE_CHECKING:
    import trackio


@dataclass(frozen=True, kw_only=True)
class Trackio:
    """Writes to trackio's database; its greetings, which speak of uploads, are not printed."""

    project: str
    """What the runs are filed under."""

    def begin(self, name: str, settings: Mapping[str, object]) -> Curves:
        # Imported here: only who asks for it has, and waits for, trackio.
        import trackio

        try:
            with redirect_stdout(io.StringIO()):
                run = trackio.init(
                    project=self.project,
                    name=name,
                    group=name,
                    config=dict(settings),
                    resume="never",
                    embed=False,
                    auto_log_gpu=False,
                    auto_log_cpu=False,
                )
        except Exception as error:
            raise UserError(f"report_to=trackio: it cannot be used ({one_line(str(error))})") from error
        return _Run(run)


class _Run:
    def __init__(self, run: "trackio.Run") -> None:
        self._run = run

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        self._run.log(dict(figures), step=step)

    def close(self, *, is_whole: bool) -> None:  # noqa: ARG002
        # Imported here, as above. A run's own `finish` would leave it to be finished again at the end of the process.
        import trackio

        with redirect_stdout(io.StringIO()):
            trackio.finish()
