"""What no settings file may say: where secrets go, and what happens beside the settings' own objects."""

from collections.abc import Mapping, Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig

from farm.config.conf_dirs import is_named
from farm.config.objects import Problem

_ALLOW_HOST = ("allow_host", "calls.allow_host")


def allowed_by_a_file(config: Mapping[str, object], overrides: Sequence[str]) -> list[Problem]:
    """Servers that secrets may go to, although the command line does not name them.

    Args:
        config: composed, interpolations resolved.
        overrides: the command line itself, without what an experiment adds to it.
    """
    calls = config.get("calls")
    allowed = calls.get("allow_host") if isinstance(calls, Mapping) else None
    if not allowed or allowed == _allowed_by(overrides):
        return []
    reason = "only the command line says which servers keys and prompts may go to, written out: allow_host=HOST"
    return [Problem("calls.allow_host", reason)]


def started_by_a_file(config: DictConfig) -> list[Problem]:
    """What Hydra would do for a settings file before a job begins.

    Args:
        config: composed, with Hydra's own node.
    """
    problems = []
    if config.hydra.job.env_set:
        names = ", ".join(map(str, config.hydra.job.env_set))
        problems.append(Problem("hydra.job.env_set", f"settings set no environment variables (here {names})"))
    if config.hydra.callbacks and not is_named():
        reason = "would run code; name the settings folder that you trust, conf_dir=DIR"
        problems.append(Problem("hydra.callbacks", reason))
    return problems


def _allowed_by(overrides: Sequence[str]) -> list[str]:
    allowed: list[str] = []
    for text in overrides:
        if text.partition("=")[0].strip().lstrip("+") not in _ALLOW_HOST:
            continue
        try:
            override = OverridesParser.create().parse_override(text)
        except HydraException:
            continue  # said elsewhere
        value = None if override.is_sweep_override() else override.value()
        allowed = [] if value is None else list(map(str, value)) if isinstance(value, list) else [str(value)]
    return allowed
