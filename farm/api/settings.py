"""Keyword arguments as the settings of a command: the same YAML, the same checks, the same words when one is wrong."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from farm.config.quoting import quoted

Scalar = bool | int | float | str | Path | None
Setting = Scalar | Sequence[Scalar] | Mapping[str, "Setting"]
"""What a keyword argument may be: a mapping sets the keys below its own, `method={"beta": 0.5}` is method.beta=0.5."""


def overrides_of(settings: Mapping[str, Setting]) -> list[str]:
    """The command line that says the same.

    Args:
        settings: by key, dots between levels.

    Raises:
        TypeError: a value that no setting can have.

    >>> overrides_of({"seed": 1, "method": {"beta": 0.5}, "n_seeds": (1, 3), "output": None, "title": "it's"})
    ['seed=1', 'method.beta=0.5', 'n_seeds=[1,3]', 'output=null', "title='it\\\\'s'"]
    """
    line = []
    for key, value in settings.items():
        if isinstance(value, Mapping):
            line += overrides_of({f"{key}.{name}": inner for name, inner in value.items()})
        elif isinstance(value, Sequence) and not isinstance(value, str):
            line.append(f"{key}=[{','.join(_text(key, each) for each in value)}]")
        else:
            line.append(f"{key}={_text(key, value)}")
    return line


def sweep_overrides_of(settings: Mapping[str, Setting]) -> list[str]:
    """The same, but a sequence is several runs and no list: `seed=(0, 1)` is seed=0,1.

    >>> sweep_overrides_of({"method": ["dpo", "sft"], "seed": 0})
    ['method=dpo,sft', 'seed=0']
    """
    line = []
    for key, value in settings.items():
        if isinstance(value, Sequence) and not isinstance(value, str):
            line.append(f"{key}={','.join(_text(key, each) for each in value)}")
        else:
            line += overrides_of({key: value})
    return line


def only_for_files(settings: Mapping[str, Setting], names: Sequence[str]) -> None:
    """Refuse settings of a command that say where files are: a function is handed its data and returns its result.

    Raises:
        TypeError: one of `names` was given.
    """
    if "columns" in settings and "columns" in names:
        raise TypeError("columns: name them where the file is read: farm.read(path, columns={...})")
    given = [name for name in names if name in settings]
    if given:
        raise TypeError(f"{', '.join(given)}: belongs to the command line; here the result is returned: write(folder)")


def _text(key: str, value: object) -> str:
    """One value in Hydra's grammar; text is quoted wherever it could be read as something else."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str | Path):
        return quoted(str(value))
    raise TypeError(f"{key}: expected text, a number, True, False or None, got a {type(value).__name__}")
