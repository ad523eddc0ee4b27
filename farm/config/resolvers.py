"""What a settings file may say in `${...}`, beside Hydra's own words."""

import sys

from omegaconf import DictConfig, OmegaConf

from farm.config.conf_dirs import KEY, PACKAGE_DIR, conf_dirs, folder_problem, is_named, user_conf_dir
from farm.config.objects import ConfigError, Problem


def open_conf_dirs() -> None:
    """Check the user's folder, make its modules importable, and register what YAML files may say:

    `${text:FILE}` is the text of a file of a settings folder; `${package:FILE}` is the path of a file in the package;
    `${first_of:A,B}` is A, or B if A is null; `${required:KEY}` is the value of a top-level key, not null.

    Raises:
        ConfigError: the named folder is missing, or a file in it has the name of a shipped one.
    """
    folder = user_conf_dir()
    if problem := folder_problem(folder):
        raise ConfigError([Problem(KEY, problem)])
    importable = str(folder.resolve())
    if is_named() and importable not in sys.path:
        sys.path.append(importable)  # last, so that no module in it can hide another
    OmegaConf.register_new_resolver("text", _text, replace=True)
    OmegaConf.register_new_resolver("package", lambda name: str(PACKAGE_DIR / name), replace=True)
    OmegaConf.register_new_resolver("first_of", lambda given, other: other if given is None else given, replace=True)
    OmegaConf.register_new_resolver("required", _required, replace=True)


def _text(name: str) -> str:
    for folder in conf_dirs():
        if (folder / name).is_file():
            return (folder / name).read_text("utf-8")
    where = " nor in ".join(str(folder) for folder in conf_dirs())
    raise ConfigError([Problem(f"${{text:{name}}}", f"no such file in {where}")])


def _required(key: str, *, _root_: DictConfig) -> object:
    if _root_.get(key) is None:
        raise ConfigError([Problem(key, f"is required here; give {key}=... on the command line")])
    return _root_[key]
