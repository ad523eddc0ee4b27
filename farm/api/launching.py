"""`farm.run`: one chain, or a sweep of chains, in this process."""

from collections.abc import Sequence
from pathlib import Path

from farm.api.running import Runs
from farm.api.settings import Setting, sweep_overrides_of
from farm.options.run import planned_sweeps
from farm.pipeline.running import run_in_this_process
from farm.progress import progress
from farm.store.artifacts import Store

Several = str | Sequence[str] | None
"""One name, or several: a run for each."""


def run(
    *,
    experiment: str | None = None,
    method: Several = None,
    annotator: Several = None,
    seed: int | Sequence[int] | None = None,
    root: str | Path | None = None,
    overrides: Sequence[str] = (),
    **settings: Setting,
) -> Runs:
    """Run one chain, or a sweep: simulate labels, train a method, judge it.

    What was made before is found and not made again; a run that was interrupted goes on where it stopped. The runs
    follow one another in this process; `farm run` on the command line uses several.

    Args:
        experiment: a sweep of conf/experiment.
        method: what is trained; several are several runs.
        annotator: who labels; several are several runs.
        seed: keys all draws; several are several runs.
        root: folder of the artifacts.
        overrides: further settings as on the command line: `["method.beta=0.5"]`; a value that is itself a list stands
            here, as in `["report_to=[tensorboard,trackio]"]`.
        settings: the other keys of conf/config.yaml; a sequence is several runs, a mapping sets the keys below:
            `dataset={"n_preference": 240}`.

    Returns:
        The finished runs, in order.

    Raises:
        farm.errors.UserError: unknown settings, all of them, before anything starts; or what a run cannot do without.

    Example:
        >>> import farm
        >>> import tempfile
        >>> small = {"n_demonstrations": 48, "n_preference": 24, "n_unlabeled": 8, "n_evaluation": 8, "n_validation": 4}
        >>> with tempfile.TemporaryDirectory() as root:
        ...     runs = farm.run(method="sft", annotator="crowd", seed=0, root=root, dataset=small)
        ...     (answer,) = runs.policy().answer("List three animals.")
        ...     judges = runs.select(method="sft").to_frame()["annotator_eval"].tolist()
        >>> judges
        ['crowd', 'pool']
    """
    named: dict[str, Setting] = {
        "experiment": experiment,
        "method": method,
        "annotator": annotator,
        "seed": seed,
        "root": root,
    }
    given = {name: value for name, value in named.items() if value is not None}
    sweeps = planned_sweeps([*sweep_overrides_of({**given, **settings}), *overrides], is_multirun=True)
    jobs = [job for sweep in sweeps for job in sweep.jobs]
    session = sweeps[0].session
    store = Store(session.root)
    finished = []
    with progress("running", total=len(jobs), unit="runs") as bar:
        for job in jobs:
            ran = run_in_this_process(store, job.chain, job.session.calls, job.session.tracking)
            finished.append(ran.standings)
            bar.advance()
    artifacts = {artifact.key: artifact for artifact in finished}
    return Runs(
        store=Store(session.root, is_read_only=True), artifacts=tuple(artifacts.values()), report=session.report
    )
