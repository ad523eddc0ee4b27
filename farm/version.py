"""Which farm this is."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version

DISTRIBUTION = "preference-farm"
"""Its name on the package index, where an unrelated project has the name of the import."""


def version() -> str:
    """The installed version; says so where farm runs from files that were never installed."""
    try:
        return installed_version(DISTRIBUTION)
    except PackageNotFoundError:
        return "0+not.installed"
