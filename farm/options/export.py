"""What `farm export` is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from farm.config.checks import FieldError
from farm.config.compose import compose_one
from farm.config.objects import build
from farm.pipeline.sharing.hub import repository_problem


@dataclass(frozen=True, kw_only=True)
class ExportSettings:
    """conf/export.yaml"""

    root: Path
    """Where the artifacts are."""
    output: Path
    """The folder to write to."""
    policy: str | None
    """Key of a policy; None to export in a format."""
    license: str | None
    """Of the policy, for its card; None: not stated."""
    base_license: str | None
    """Of the pretrained model; None: not stated."""
    dataset_license: str | None
    """Of the data; None: what is known of farm's own datasets."""
    push_to_hub: str | None
    """Repository that gets the folder; None sends nothing."""
    private: bool
    """Whether a new repository is private."""
    format: Literal["alpaca_eval"] | None
    """What answers and verdicts are written as; None to export a policy."""
    track: str | None
    """Only this track."""
    annotator: str | None
    """Only this evaluation annotator's verdicts."""
    model: str | None
    """Only the model of this name."""

    def __post_init__(self) -> None:
        reasons: dict[str, str] = {}
        if (self.policy is None) == (self.format is None):
            reasons["policy"] = "say what to export: either policy=KEY or format=alpaca_eval"
        for_policies = ("license", "base_license", "dataset_license", "push_to_hub")
        for_formats = ("track", "annotator", "model")
        other, names = ("policy=KEY", for_policies) if self.policy is None else ("format=alpaca_eval", for_formats)
        reasons |= {name: f"is for {other}" for name in names if vars(self)[name] is not None}
        if self.push_to_hub is not None and (problem := repository_problem(self.push_to_hub)):
            reasons["push_to_hub"] = problem
        if reasons:
            raise FieldError(reasons)


def export_settings(overrides: Sequence[str]) -> ExportSettings:
    """The settings of conf/export.yaml with these overrides.

    Raises:
        ConfigError: with all that is wrong.
    """
    return compose_one("export", overrides, partial(build, ExportSettings))
