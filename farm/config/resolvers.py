"""What a settings file may say in `${...}`, beside Hydra's own words."""

import os
import re
import sys

from omegaconf import DictConfig, ListConfig, OmegaConf

from farm.addresses import address_problem
from farm.config.conf_dirs import KEY, PACKAGE_DIR, conf_dirs, folder_problem, is_named, user_conf_dir
from farm.config.objects import ConfigError, Problem

_READABLE = re.compile(r"HOME|USER|TMPDIR|\w+_(BASE_URL|DIR|HOME|PATH|ROOT)")
"""Variables that settings may read: where things are. Any other may hold a secret, which a prompt would send."""
_NO_DEFAULT = object()


def open_conf_dirs() -> None:
    """Check the user's folder, make its modules importable, and register what YAML files may say:

    `${text:FILE}` is the text of a file of a settings folder; `${package:FILE}` is the path of a file in the package;
    `${first_of:A,B}` is A, or B if A is null; `${required:KEY}` is the value of a top-level key, not null;
    `${listed:A}` is a list of A alone, of nothing if A is null, and A if it is a list. `${oc.env:NAME}` reads addresses
    and folders only.

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
    OmegaConf.register_new_resolver("listed", _listed, replace=True)
    OmegaConf.register_new_resolver("oc.env", _environment, replace=True)


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


def _listed(value: object) -> object:
    return [] if value is None else value if isinstance(value, ListConfig) else [value]


def _environment(name: str, default: object = _NO_DEFAULT) -> object:
    value = os.environ.get(name)
    if not _READABLE.fullmatch(name):
        reason = "settings read no variables but of addresses and folders; api_key_variable names the one of a key"
        raise ConfigError([Problem(f"${{oc.env:{name}}}", reason)])
    if value is None and default is _NO_DEFAULT:
        raise ConfigError([Problem(f"${{oc.env:{name}}}", "the environment has no such variable")])
    if name.endswith("_BASE_URL") and value and (problem := address_problem(value.strip())):
        raise ConfigError([Problem(name, f"{problem}; a key belongs in {name.removesuffix('_BASE_URL')}_API_KEY")])
    return default if value is None else value
