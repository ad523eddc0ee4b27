"""What `farm run` and `farm.run` are asked: chains, each checked before anything starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, TypeVar, get_type_hints

from farm.analysis.sweep.result import ReportSettings
from farm.annotators.noise.noise import Noise
from farm.annotators.noised import replace_noise
from farm.calls.settings import CallSettings
from farm.config.checks import check_name
from farm.config.compose import expand, written_sweep_keys
from farm.config.objects import ConfigError, Problem, build
from farm.pipeline.chain import Chain
from farm.tracking.settings import TrackingSettings

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class NoiseChoice:
    """conf/noise/"""

    noise: Mapping[str, Noise] | None
    """Stages by name in place of the annotator's own noise; None for its own."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """What a run needs beside its chain."""

    root: Path
    """All artifacts live under it."""
    name: str
    """Folder of the sweep's tables under root/experiments."""
    followed_by: tuple[str, ...]
    """Experiments that run after this one, into the same folder."""
    report: ReportSettings
    """What the sweep's report compares."""
    calls: CallSettings
    """How judge models are asked, if the annotators have any."""
    tracking: TrackingSettings
    """Whom curves are shown to while something is trained."""

    def __post_init__(self) -> None:
        check_name("name", self.name)

    @property
    def folder(self) -> Path:
        return self.root / "experiments" / self.name


class Planned(NamedTuple):
    """One job, checked."""

    chain: Chain
    session: Session


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """One Hydra launch: its command line and its checked jobs."""

    overrides: tuple[str, ...]
    jobs: tuple[Planned, ...]
    is_several: bool
    """Whether the command line or its experiment asks for several runs, even if it comes to one."""

    @property
    def session(self) -> Session:
        return self.jobs[0].session


def planned_sweeps(overrides: Sequence[str], *, is_multirun: bool) -> list[Sweep]:
    """The sweep of a command line, and those that its experiment says follow it; a single run is a sweep of one job.

    Args:
        overrides: in Hydra's grammar.
        is_multirun: whether several values of a key are allowed.

    Raises:
        ConfigError: with every problem of every job.
    """
    sweep = plan_sweep(overrides, is_multirun=is_multirun)
    if not sweep.is_several:
        return [sweep]
    return [sweep, *(plan_following(experiment, overrides, sweep) for experiment in sweep.session.followed_by)]


def plan_sweep(overrides: Sequence[str], *, is_multirun: bool) -> Sweep:
    """The jobs of one launch (`planned_sweeps`)."""
    jobs = expand("config", overrides, plan, is_multirun=is_multirun)
    is_several = is_multirun or bool(written_sweep_keys("config", overrides))
    return Sweep(overrides=tuple(overrides), jobs=tuple(jobs), is_several=is_several)


def plan_following(experiment: str, overrides: Sequence[str], first: Sweep) -> Sweep:
    """The experiment with the first sweep's settings and seeds, into the same folder; whose labels, it says itself."""
    chosen = ("experiment=", "method=", "annotator=", "noise=", "noise.", "name=", "seed=")
    kept = [o for o in overrides if not o.startswith(chosen)]
    seeds = ",".join(str(seed) for seed in sorted({job.chain.seed for job in first.jobs}))
    line = [f"experiment={experiment}", *kept, f"name={first.session.name}", f"seed={seeds}"]
    return plan_sweep(line, is_multirun=True)


def plan(config: Mapping[str, object]) -> Planned:
    """The chain and the session that a composed configuration describes.

    Every target takes the keys that it has fields for; the other keys are there for these to refer to.

    Raises:
        ConfigError: with every problem of both.
    """
    problems: list[Problem] = []
    chains = _made(Chain, {"utility": None, **config}, problems)
    sessions = _made(Session, config, problems)
    noises = _made(NoiseChoice, config, problems)
    if problems:
        raise ConfigError(problems)
    (chain,), (session,), (choice,) = chains, sessions, noises
    return Planned(replace(chain, annotator=replace_noise(chain.annotator, choice.noise)), session)


def _made(target: type[T], config: Mapping[str, object], problems: list[Problem]) -> list[T]:
    """The object in a list; an empty list, with the reasons added to problems, if it cannot be made."""
    names = get_type_hints(target)
    try:
        return [build(target, {name: value for name, value in config.items() if name in names})]
    except ConfigError as error:
        problems += error.problems
        return []


def label_of(chain: Chain) -> str:
    """method/annotator/seed."""
    return f"{chain.method_name}/{chain.annotator.name}/{chain.seed}"
