"""Reading a command line: what it chooses, what it sets, what is wrong with it."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple, cast

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from farm.config.composed import composed_choices, is_choice, options_of
from farm.config.objects import ConfigError, Problem
from farm.config.override_problems import (
    choices_of,
    group_problem,
    setting_problem,
    unused_groups,
)


class ReadLine(NamedTuple):
    """A command line, read."""

    good: list[Override]
    problems: list[Problem]


def read_line(config_name: str, overrides: Sequence[str], settings: Sequence[str] = ()) -> ReadLine:
    """Parse a command line and set aside what names no key or no choice, or gives a value of another type.

    Args:
        config_name: the YAML under conf/.
        overrides: the command line.
        settings: dotted names of the dataclasses whose fields are the YAML's own keys, where they are known.
    """
    parsed, problems = [], []
    for text in overrides:
        try:
            parsed.append(OverridesParser.create().parse_override(text))
        except HydraException as error:
            reason = f": {str(error).splitlines()[0]}" if "=" in text else ", as in seed=0"
            problems.append(Problem(text, f"expected key=value{reason}"))
    wrong = {i: problem for i, o in enumerate(parsed) if (problem := group_problem(o))}
    if wrong:
        wrong |= unused_groups(config_name, parsed)
    choices = [o for i, o in enumerate(parsed) if i not in wrong and options_of(o)]
    plain = {i: o for i, o in enumerate(parsed) if not options_of(o)}
    set_in = {str(o.key_or_group).split(".")[0] for o in plain.values()}
    try:
        wholes = _with_every_choice(config_name, choices, set_in)
    except (HydraException, OmegaConfBaseException) as error:
        wrong |= unused_groups(config_name, parsed)
        raise ConfigError([*problems, *(wrong.values() or [hydra_problem(error)])]) from error
    for i, override in plain.items():
        first = next((p for whole in wholes if (p := setting_problem(whole, override, settings))), None)
        wrong |= {i: first} if first else {}
    return ReadLine([o for i, o in enumerate(parsed) if i not in wrong], [*problems, *wrong.values()])


def with_choices(config_name: str, fixed: Sequence[Override]) -> DictConfig:
    """The configuration with its choices made and nothing else set: a key need not exist before a sweep's choice."""
    return composed_choices(config_name, [override for override in fixed if is_choice(override)])


def _with_every_choice(config_name: str, choices: Sequence[Override], groups: AbstractSet[str]) -> list[DictConfig]:
    """The configuration with each choice that a sweep, of the command line or of an experiment, makes in these groups.

    Several swept groups are not crossed: of the others the first choice stands.
    """
    fixed = [o for o in choices if not o.is_sweep_override()]
    whole = with_choices(config_name, fixed)
    taken = {str(o.key_or_group) for o in fixed}
    swept = {name: o for name, o in written_sweep(whole).items() if options_of(o) and name not in taken}
    swept |= {str(o.key_or_group): o for o in choices if o.is_sweep_override()}
    first = {name: choices_of(override)[0] for name, override in swept.items()}
    wholes = [
        with_choices(config_name, [*fixed, *{**first, name: choice}.values()])
        for name, override in swept.items()
        for choice in choices_of(override)
        if name in groups
    ]
    return wholes or [whole]


def hydra_problem(error: Exception) -> Problem:
    """Hydra's words; its second line says what would work, where it has one."""
    return Problem("configuration", " ".join(str(error).splitlines()[:2]))


def written_sweep(whole: DictConfig) -> dict[str, Override]:
    params = cast(dict[str, object], OmegaConf.to_container(whole.hydra.sweeper.params or OmegaConf.create({})))
    return {str(key): OverridesParser.create().parse_override(f"{key}={value}") for key, value in params.items()}
