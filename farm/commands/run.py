"""`farm run`: one chain, or a Hydra sweep of chains followed by its tables and pictures."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from omegaconf import DictConfig

from farm.analysis.sweep.answer import answer_text
from farm.analysis.sweep.best_of_n import best_of_n_line
from farm.analysis.sweep.result import sweep_result
from farm.analysis.sweep.sweep_report import write_report
from farm.bounded.json_text import read_json_object
from farm.calls.request import NO_CALLS
from farm.calls.spending.cost_report import cost_lines
from farm.commands.shell.messages import show_messages
from farm.commands.shell.workers import end_with_launcher, workers_without_interrupts
from farm.commands.shortfall import TOO_FEW_VERDICTS, TooFewVerdictsError, warn_of_shortfall
from farm.commands.stage_report import (
    choice_text,
    one_line,
    selections_in,
    stage_table,
    standing_text,
    unpaired_text,
    write_candidates,
)
from farm.commands.sweep_progress import sweep_progress
from farm.config.compose import plain_config, run_hydra, settings_as_axes, written_sweep_keys
from farm.config.resolvers import open_conf_dirs
from farm.disk import disk_problem, write_whole
from farm.errors import UserError
from farm.options.run import Planned, Session, Sweep, label_of, plan, planned_sweeps
from farm.pipeline.chain import Chain
from farm.pipeline.results import read_run, read_runs
from farm.pipeline.running import run_in_this_process
from farm.pipeline.training import run_chain
from farm.pipeline.verdict_tallies import verdict_tallies
from farm.plain_text import plain_streams, say
from farm.progress import job_label
from farm.records import Standing
from farm.store.artifacts import Artifact, Store
from farm.store.tables import read_table


def run(arguments: Sequence[str]) -> int:
    """Run one chain or a sweep; returns the exit code.

    Raises:
        ConfigError: before anything starts, with every problem of every job.
    """
    start = time.monotonic()
    overrides = [a for a in arguments if a not in ("-m", "--multirun")]
    is_multirun = len(overrides) < len(arguments)
    sweeps = planned_sweeps(overrides, is_multirun=is_multirun)
    sweep = sweeps[0]
    if not sweep.is_several:
        return _run_one(sweep.jobs[0])
    # What each worker used is recorded per invocation.
    shutil.rmtree(sweep.session.folder / "jobs", ignore_errors=True)
    for each in sweeps:
        say(f"{each.session.name}: {len(each.jobs)} runs, artifacts in {sweep.session.root}")
        _launch(each)
    return _finish([job.chain for each in sweeps for job in each.jobs], sweep.session, start)


def run_job(config: DictConfig) -> None:
    """One job of a sweep, in a worker process of Hydra's launcher."""
    end_with_launcher()
    open_conf_dirs()
    show_messages(is_verbose=bool(config.verbose))
    chain, session = plan(plain_config(config))
    label = label_of(chain)
    with plain_streams(), job_label(label):
        start = time.monotonic()
        store = Store(session.root)
        try:
            standings = _run(store, Planned(chain, session))
        except Exception as error:
            problem = error if isinstance(error, UserError) else disk_problem(error)
            if problem is None:
                raise
            _write_job_record(session.folder, f"[{label}] failed: {problem}", label, store)
            return
        line = one_line(label, standings, store.reports, time.monotonic() - start)
        _write_job_record(session.folder, line, label, store)


def _run(store: Store, job: Planned) -> Artifact:
    """Run a job and say what its judge models took."""
    try:
        finished = run_in_this_process(store, job.chain, job.session.calls, job.session.tracking)
    except UserError as error:
        if warn_of_shortfall(verdict_tallies(store.reports), job.session.calls.max_unparsed):
            raise TooFewVerdictsError(str(error)) from error
        raise
    if finished.costs is not None:
        for line in cost_lines(finished.costs, job.session.calls.human, finished.costs.total.n_requests):
            say(line)
    return finished.standings


def _run_one(job: Planned) -> int:
    """Run it and print what came of it; 3 if too few verdicts could be read."""
    chain, store = job.chain, Store(job.session.root)
    standings = _run(store, job)
    is_short = warn_of_shortfall(verdict_tallies(store.reports), job.session.calls.max_unparsed)
    print(f"\n{label_of(chain)}")
    print(stage_table(store.reports))
    print()
    for row in read_table(standings.file("standings.parquet"), Standing):
        say(standing_text(row))
    for line in [*unpaired_text(store.reports), *map(choice_text, selections_in(store.reports))]:
        print(line)
    measured = read_run(store, standings)
    if measured.best_of_n:
        say(best_of_n_line(measured.best_of_n))
    for note in measured.notes:
        say(f"warning: {note}")
    return TOO_FEW_VERDICTS if is_short else 0


def _launch(sweep: Sweep) -> None:
    """Hand the sweep to Hydra's launcher; a job that fails leaves the others running."""
    keys = [o.split("=")[0] for o in sweep.overrides]
    given_twice = [key for key in written_sweep_keys("config", sweep.overrides) if key in keys]
    # Hydra would run the written axis and the given one; the command line has the last word.
    dropped = [f"~hydra.sweeper.params.{key}" for key in given_twice]
    line = ["--multirun", *settings_as_axes("config", sweep.overrides), *dropped]
    try:
        with sweep_progress(sweep.session.folder / "jobs", total=len(sweep.jobs)), workers_without_interrupts():
            run_hydra("config", "farm run", line, run_job)
    except SystemExit as stop:
        # Hydra has printed the failing job's traceback; _finish names what is missing.
        if stop.code not in (0, 1, None):
            raise


def _finish(chains: Sequence[Chain], session: Session, start: float) -> int:
    """Report what the sweep measured; 1 if a run is missing, 3 if too few verdicts of a run could be read."""
    store = Store(session.root, is_read_only=True)
    finished: list[Artifact] = []
    choices: dict[str, list[Artifact]] = {}
    missing = []
    for chain in chains:
        n_before = len(store.reports)
        try:
            finished.append(run_chain(store, chain, NO_CALLS))
            choices[label_of(chain)] = selections_in(store.reports[n_before:])
        except UserError as error:
            missing.append(f"{label_of(chain)}: {error}")
    is_short = warn_of_shortfall(verdict_tallies(store.reports), session.calls.max_unparsed)
    if finished:
        measured = {
            "wall_seconds": time.monotonic() - start,
            "peak_memory_mb": store.peak_memory_mb() + _workers_memory_mb(session.folder),
        }
        result = sweep_result(read_runs(store, finished), session.report)
        files = write_report(result, session.folder, measured)
        files += write_candidates(choices, session.folder / "candidates.csv")
        print(answer_text(result, files))
        print("{wall_seconds:.0f} s, peak memory {peak_memory_mb:.0f} MB over all processes".format(**measured))
    for line in missing:
        say(f"not finished: {line}", is_error=True)
    return TOO_FEW_VERDICTS if is_short else 1 if missing else 0


def _write_job_record(folder: Path, line: str, label: str, store: Store) -> None:
    """What the job has to say when it ends, and what it took; `sweep_progress` prints the line."""
    record = {
        "label": label,
        "line": line,
        "process": os.getpid(),
        "peak_memory_mb": store.peak_memory_mb(),
        "stages": [
            {**asdict(r.artifact), "path": str(r.artifact.path), "is_reused": r.is_reused, "cost": asdict(r.cost)}
            for r in store.reports
        ],
    }
    jobs = folder / "jobs"
    name = hashlib.sha256(f"{label} {os.getpid()} {time.time_ns()}".encode()).hexdigest()[:16]
    write_whole(jobs / f"{name}.json", json.dumps(record, indent=1, sort_keys=True) + "\n")


def _workers_memory_mb(folder: Path) -> float:
    """Sum over worker processes of each one's peak."""
    peaks: dict[int, float] = {}
    for file in (folder / "jobs").glob("*.json"):
        record = read_json_object(file)
        peaks[record["process"]] = max(peaks.get(record["process"], 0.0), record["peak_memory_mb"])
    return sum(peaks.values())
