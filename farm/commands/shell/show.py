"""`--cfg job`: the composed settings, as YAML that Hydra would print."""

import re
from collections.abc import Sequence
from typing import Literal

from omegaconf import DictConfig, OmegaConf, flag_override

from farm.addresses import with_shown_addresses, with_shown_values
from farm.config.compose import Job
from farm.config.objects import ConfigError, Problem

_ADDRESS_VALUE = re.compile(
    r"(?m)^((?:\s*(?:- |[\w.]+: ))+)['\"]?([^\s'\"]+://[^\s'\"]+|[^\s'\":]+:[^\s'\"]+@[^\s'\"]+)['\"]?$"
)


def shown(jobs: Sequence[Job], *, what: Literal["job", "hydra", "all"], package: str | None, is_resolved: bool) -> str:
    """One YAML document for each job; those of a sweep begin with what the job was given.

    Args:
        jobs: the jobs of a command line.
        what: the command's settings, Hydra's own, or both.
        package: show what lies under this key only; None for all.
        is_resolved: whether interpolations are replaced by what they stand for.

    Raises:
        ConfigError: nothing lies under the key.
    """
    texts = [_document(job.config, what, package, is_resolved=is_resolved) for job in jobs]
    if len(jobs) == 1:
        return texts[0]
    return "\n".join(
        f"---\n# {with_shown_addresses(' '.join(job.line))}\n{text}" for job, text in zip(jobs, texts, strict=True)
    )


def _document(config: DictConfig, what: str, package: str | None, *, is_resolved: bool) -> str:
    names = [str(key) for key in config]
    keys = {"job": [name for name in names if name != "hydra"], "hydra": ["hydra"], "all": names}[what]
    with flag_override(config, ["struct", "readonly"], [False, False]):
        if package is None:
            node = OmegaConf.masked_copy(config, keys)
            node._set_parent(config)
        else:
            node = OmegaConf.select(config, package)
    if node is None:
        raise ConfigError([Problem("--package", f"nothing lies under {package}")])
    head = "" if package is None else f"# @package {package}\n"
    text = OmegaConf.to_yaml(node, resolve=is_resolved) if OmegaConf.is_config(node) else str(node)
    return head + _ADDRESS_VALUE.sub(_with_shown_address, text).rstrip()


def _with_shown_address(match: re.Match[str]) -> str:
    """A line of YAML whose value may be an address; quoted where it is changed, for `*` begins an alias."""
    value = with_shown_values(match[2])
    return match[0] if value == match[2] else f"{match[1]}'{value}'"
