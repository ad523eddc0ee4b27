"""Recorded labels on the Hugging Face hub: `hub:<owner>/<name>@<commit>`, then `:<path>` for one file of it.

A commit is required, so that the data cannot change unseen. Files come from the local cache where it has them.
"""

import re
from pathlib import Path
from typing import NamedTuple

from huggingface_hub import hf_hub_download, snapshot_download

from farm.data.files.rows import DataError

PREFIX = "hub:"
_REFERENCE = re.compile(r"hub:(?P<repository>[\w.-]+/[\w.-]+)@(?P<revision>[\w./-]+?)(?::(?P<file>.+))?")


class HubReference(NamedTuple):
    """A dataset repository at a commit, or one file of it."""

    repository: str
    revision: str
    file: str | None


def hub_reference(path: Path) -> HubReference | None:
    """What a setting refers to; None if it is a path on this machine.

    Raises:
        DataError: it begins with "hub:" and is not complete.
    """
    text = path.as_posix()
    if not text.startswith(PREFIX):
        return None
    match = _REFERENCE.fullmatch(text)
    if match is None:
        raise DataError(
            f"{text}: expected hub:<owner>/<name>@<commit> or hub:<owner>/<name>@<commit>:<file>; the commit is "
            "needed, so that the data cannot change unseen"
        )
    return HubReference(match["repository"], match["revision"], match["file"])


def on_this_machine(path: Path) -> Path:
    """The path itself, or the downloaded copy of what it refers to.

    Raises:
        DataError: an incomplete reference, or the hub does not give it.
    """
    reference = hub_reference(path)
    if reference is None:
        return path
    repository, revision, file = reference
    try:
        if file is None:
            return Path(snapshot_download(repository, repo_type="dataset", revision=revision))
        return Path(hf_hub_download(repository, file, repo_type="dataset", revision=revision))
    except (OSError, ValueError) as error:
        raise DataError(f"{repository}@{revision}: cannot get it from the hub: {error}") from error
