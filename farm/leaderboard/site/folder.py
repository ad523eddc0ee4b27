"""The site's folder: made beside its place and put there when it is whole, so that a kill leaves the old one."""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from farm.disk import write_whole
from farm.errors import UserError

MARK = "farm-site.txt"
"""The file by which a folder is known to hold a site that may be replaced."""


def refuse_other_folder(directory: Path) -> None:
    """Raise UserError if the directory holds something else than a site."""
    if directory.exists() and not (directory / MARK).is_file() and (directory.is_file() or any(directory.iterdir())):
        raise UserError(
            f"{directory}: expected no folder, an empty one or a site made before (it has no file {MARK}); "
            "choose another folder"
        )


@contextmanager
def whole_folder(directory: Path) -> Iterator[Path]:
    """An empty folder to fill within the block; it takes the directory's place when the block ends.

    Raises:
        UserError: the directory holds something else than a site.
    """
    refuse_other_folder(directory)
    directory.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(directory)
    draft = directory.with_name(f".{directory.name}.{secrets.token_hex(4)}.partial")
    before = draft.with_suffix(".before.partial")
    draft.mkdir()
    with _held(draft):
        try:
            yield draft
            write_whole(draft / MARK, "Made by `farm leaderboard`; it is replaced as a whole.\n")
            if directory.exists():
                directory.replace(before)
            draft.replace(directory)
        except BaseException:
            if before.exists():
                before.replace(directory)
            shutil.rmtree(draft, ignore_errors=True)
            raise
    shutil.rmtree(before, ignore_errors=True)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Lock a draft as long as its process lives: nobody else takes it for a leftover."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _remove_leftovers(directory: Path) -> None:
    for left in directory.parent.glob(f".{directory.name}.*.partial"):
        try:
            with _held(left):
                shutil.rmtree(left, ignore_errors=True)
        except (BlockingIOError, FileNotFoundError):
            continue
