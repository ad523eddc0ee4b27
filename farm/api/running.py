"""`farm.open_run`: finished runs and what they left behind; `farm.run` gives the same."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd
from matplotlib.figure import Figure

from farm.analysis.sweep.answer import answer_text
from farm.analysis.sweep.result import ReportSettings, SweepResult, sweep_result
from farm.analysis.sweep.sweep_report import PICTURES
from farm.api.shown import html_of, png, text_of
from farm.errors import UserError
from farm.options.compare import compare_settings
from farm.pipeline.results import read_runs
from farm.pipeline.run_tables import comparison_table, label_table, output_table, standings_in
from farm.records import Standing
from farm.store.artifacts import Artifact, Store
from farm.store.tables import read_table

if TYPE_CHECKING:
    from farm.pipeline.trained_policy import TrainedPolicy

Picture = Literal["comparison", "costs", "over_optimisation"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Runs:
    """Finished runs under one root: one chain, a sweep, or everything that is there."""

    store: Store
    """Their artifacts."""
    artifacts: tuple[Artifact, ...]
    """The standings of each run, from which everything else is found."""
    report: ReportSettings
    """What the pictures and the answer compare."""

    def to_frame(self) -> pd.DataFrame:
        """The standings: one row a run and evaluation annotator, columns `farm.records.Standing`."""
        rows = [vars(row) for run in read_runs(self.store, self.artifacts) for row in run.standings]
        return pd.DataFrame(rows, columns=list(Standing.__dataclass_fields__))

    def select(self, *, method: str | None = None, annotator: str | None = None, seed: int | None = None) -> "Runs":
        """Those of one method, one training annotator, one seed.

        Raises:
            farm.errors.UserError: there is none.
        """
        wanted = {"method": method, "annotator_train": annotator, "seed": seed}
        wanted = {name: value for name, value in wanted.items() if value is not None}
        kept = [
            artifact
            for artifact in self.artifacts
            if all(vars(self._standing(artifact))[name] == value for name, value in wanted.items())
        ]
        if not kept:
            there = sorted({self._label(artifact) for artifact in self.artifacts})
            raise UserError(f"no run with {wanted}; there are (method/annotator/seed): {', '.join(there)}")
        return replace(self, artifacts=tuple(kept))

    def outputs(self) -> pd.DataFrame:
        """The answers of each policy that were judged, one an evaluation instruction; `run` says whose they are."""
        return self._tables(output_table)

    def comparisons(self) -> pd.DataFrame:
        """What was labelled for training; no rows of methods that learn from no label."""
        return self._tables(comparison_table)

    def annotations(self) -> pd.DataFrame:
        """The labels for training beside what was compared; no rows of methods that learn from no label."""
        return self._tables(label_table)

    def policy(self, *, device: str = "auto", batch_size: int = 64) -> "TrainedPolicy":
        """The policy of a single run, which answers any instruction: `policy.answer("List three animals.", n=2)`.

        Args:
            device: where it answers: cpu, cuda, cuda:1; auto takes a GPU if there is one.
            batch_size: answers that are generated at once.

        Raises:
            farm.errors.UserError: there are several runs: `select` one.
        """
        # Imported here: whoever looks at tables and pictures must not wait for torch.
        from farm.pipeline.trained_policy import trained_policy

        if len(self.artifacts) != 1:
            there = ", ".join(self._label(artifact) for artifact in self.artifacts)
            raise UserError(f"{len(self.artifacts)} runs have a policy each; select(...) one of {there}")
        return trained_policy(self.store, self.artifacts[0], device=device, batch_size=batch_size)

    @property
    def result(self) -> SweepResult:
        """The runs compared with each other."""
        return sweep_result(read_runs(self.store, self.artifacts), self.report)

    @property
    def text(self) -> str:
        """The answer that `farm run` ends a sweep with: rankings, their correlation, and what is beyond noise."""
        return answer_text(self.result, ())

    def draw(self, path: str | Path | None = None, *, picture: Picture = "comparison") -> Figure:
        """A picture of the runs; written to `path` if one is given.

        Args:
            path: the PNG to write.
            picture: "comparison" (win rates in the two arms), "costs" (win rate against cost) or "over_optimisation"
                (reward and true utility against KL).

        Raises:
            farm.errors.UserError: there is nothing to draw.
        """
        figure = PICTURES[f"{picture}.png"](self.result, png(path))
        if figure is None:
            raise UserError(f"there is nothing to draw as {picture} in {len(self.artifacts)} runs")
        return figure

    def _tables(self, read: Callable[[Store, Artifact], pd.DataFrame]) -> pd.DataFrame:
        tables = {self._label(artifact): read(self.store, artifact) for artifact in self.artifacts}
        return pd.concat(tables, names=["run"]).reset_index("run").reset_index(drop=True)

    def __len__(self) -> int:
        return len(self.artifacts)

    def __repr__(self) -> str:
        return text_of(self._title(), self._short())

    def _repr_html_(self) -> str:
        return html_of(self._title(), self._short())

    def _title(self) -> str:
        return f"{len(self.artifacts)} runs in {self.store.root}"

    def _short(self) -> pd.DataFrame:
        columns = ["method", "annotator_train", "annotator_eval", "seed", "win_rate", "standard_error", "utility"]
        return self.to_frame()[columns]

    def _standing(self, artifact: Artifact) -> Standing:
        return read_table(artifact.file("standings.parquet"), Standing)[0]

    def _label(self, artifact: Artifact) -> str:
        row = self._standing(artifact)
        return f"{row.method}/{row.annotator_train}/{row.seed}"


def open_run(root: str | Path) -> Runs:
    """Open finished runs: everything under a root, or what one folder of it is about.

    Args:
        root: a root of artifacts, such as `runs`; a sweep's folder, `runs/experiments/NAME`; or the folder of one run's
            standings, `runs/artifacts/standings/KEY`.

    Raises:
        farm.errors.UserError: there is no finished run.

    Example:
        >>> import farm
        >>> farm.open_run("no_such_folder")
        Traceback (most recent call last):
            ...
        farm.errors.UserError: no_such_folder: no finished run is here; make one first, e.g. farm.run(method="dpo")
    """
    folder = Path(root)
    chosen = standings_in(folder)
    if not chosen.artifacts:
        raise UserError(f'{folder}: no finished run is here; make one first, e.g. farm.run(method="dpo")')
    return Runs(store=chosen.store, artifacts=chosen.artifacts, report=compare_settings([]).report)
