"""The folders with settings: conf/, which comes with farm, and one of the user's own.

The user's folder is `conf_dir=DIR` on any command line, else $FARM_CONF, else ./farm_conf where it is there. It is laid
out like conf/ (method/, judge/, annotator/, dataset/, prompt/, experiment/, ...) and adds to it: its choices stand
beside the shipped ones and may build on them. None may take a shipped one's name, so that a name in a table or a
manifest means the same for everybody. Modules in a folder that was named, by `conf_dir=` or $FARM_CONF, can be imported
and so be a `_target_`; from a ./farm_conf that just lies there only data is read.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PACKAGE_DIR = Path(__file__).resolve().parent.parent
CONF_DIR = next((path for path in [PACKAGE_DIR / "conf"] if path.is_dir()), PACKAGE_DIR.parent / "conf")
"""The settings that come with farm: inside the package where it is installed, beside it in the repository."""
VARIABLE = "FARM_CONF"
"""The environment variable that names the user's folder; worker processes inherit it."""
DEFAULT_DIR = Path("farm_conf")
"""The user's folder where none is named."""
KEY = "conf_dir"
"""What names it on a command line."""


def user_conf_dir() -> Path:
    """The user's folder; where none is named, it need not be there."""
    return Path(os.environ[VARIABLE]).expanduser() if is_named() else DEFAULT_DIR


def conf_dirs() -> list[Path]:
    """All folders with settings that are there."""
    return [folder for folder in (CONF_DIR, user_conf_dir()) if folder.is_dir()]


def choices(group: str) -> list[str]:
    """The names that a group of settings offers: `choices("annotator")` is what `annotator=` takes."""
    return sorted({path.stem for folder in conf_dirs() for path in (folder / group).glob("*.yaml")})


@contextmanager
def conf_dir_in_use(folder: Path | None) -> Iterator[None]:
    """Make this the user's folder for a while, in worker processes too; None leaves it as it is."""
    before, path_before = os.environ.get(VARIABLE), list(sys.path)
    if folder is not None:
        os.environ[VARIABLE] = str(folder.expanduser().absolute())
    try:
        yield
    finally:
        sys.path[:] = path_before
        if before is not None:
            os.environ[VARIABLE] = before
        elif folder is not None:
            del os.environ[VARIABLE]


def without_conf_dir(arguments: Sequence[str]) -> tuple[list[str], Path | None]:
    """A command line without `conf_dir=DIR`, and DIR; the last one where there are several."""
    lead = f"{KEY}="
    named = [argument.removeprefix(lead) for argument in arguments if argument.startswith(lead)]
    return [argument for argument in arguments if not argument.startswith(lead)], Path(named[-1]) if named else None


def is_named() -> bool:
    """Whether the user said where the folder is."""
    return bool(os.environ.get(VARIABLE))


def folder_problem(folder: Path) -> str | None:
    """Why the user's folder cannot be used."""
    if not folder.is_dir():
        return f"no folder {folder}; make it first" if is_named() else None
    if folder.resolve() == CONF_DIR.resolve():
        return f"{folder} holds the settings that come with farm; name a folder of your own"
    taken = [path.relative_to(CONF_DIR) for path in sorted(CONF_DIR.rglob("*")) if path.is_file()]
    taken = [path for path in taken if (folder / path).exists()]
    if taken:
        several = f" (and {len(taken) - 1} more)" if len(taken) > 1 else ""
        return f"{folder / taken[0]} has the name of a file that comes with farm{several}; give it another"
    return None
