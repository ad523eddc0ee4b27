"""Files that are written whole or not at all, and what is said where a disk does not play along.

A file is written beside its place under a hidden name and renamed. The draft is locked while it is written, so that
whoever writes there next removes what a killed process left, and never what a living one is writing: a lock ends with
its process, on whatever machine that runs.
"""

import errno
import fcntl
import glob
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from farm.errors import UserError

_ADVICE = {
    errno.ENOSPC: "make room (space, or entries of folders) and run the same command again",
    errno.EDQUOT: "make room and run the same command again",
    errno.EROFS: "choose another folder, or mount it for writing",
    errno.EACCES: "choose another folder, or get the permission",
    errno.EPERM: "choose another folder, or get the permission",
    errno.ENOTDIR: "a file stands where a folder should be",
    errno.EEXIST: "a file stands where a folder should be",
    errno.EISDIR: "a folder stands where a file should be",
    errno.ELOOP: "a link leads back to itself",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EMFILE: "raise the number of files that a process may open (ulimit -n)",
}
_IN_RUST = re.compile(r"\(os error (\d+)\)")
_OF_TORCH = re.compile(r"PytorchStreamWriter failed|inline_container|unexpected pos")
_LINK_LOOP = "Symlink loop"
_MAX_NAME = 100
"""Characters of a file's name that its draft has too."""


class DiskError(UserError):
    """A file or a folder cannot be read or written; the message names it and says what to do."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A draft to be written within the block; it becomes the file when the block ends, and is gone if that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    draft, held = _locked_draft(path)
    try:
        with held:
            yield draft
            draft.replace(path)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            error.filename = str(path)  # a disk that is full does not say which file was being written
        raise


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file, text as UTF-8."""
    with whole_file(path) as draft:
        draft.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)


def write_all_whole(files: Mapping[Path, str | bytes]) -> None:
    """Write files that belong together: none takes its place before all of them are written."""
    with ExitStack() as drafts:
        for path, content in files.items():
            draft = drafts.enter_context(whole_file(path))
            draft.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)


def disk_problem(error: Exception) -> DiskError | None:
    """The error as a sentence, if it is about a file, a folder or a full disk: what libraries raise, too."""
    text = str(error)
    if isinstance(error, OSError) and not isinstance(error, ConnectionError | TimeoutError) and error.errno is not None:
        names = [os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
        return _sentence(" -> ".join(names) or "a file or what is printed", error.errno)
    if (code := _IN_RUST.search(text)) is not None:
        return _sentence("a file of weights", int(code[1]))
    if isinstance(error, RuntimeError) and _OF_TORCH.search(text):
        return _sentence("a file of tensors", errno.ENOSPC)
    if isinstance(error, RuntimeError) and text.startswith(_LINK_LOOP):
        return DiskError(f"{text}: {_ADVICE[errno.ELOOP]}")
    return None


def _sentence(place: str, number: int) -> DiskError:
    advice = _ADVICE.get(number, "")
    return DiskError(f"{place}: {os.strerror(number)}{'; ' if advice else ''}{advice}")


def _locked_draft(path: Path) -> tuple[Path, BinaryIO]:
    while True:
        draft = path.with_name(f".{path.name[:_MAX_NAME]}.{secrets.token_hex(4)}.partial")
        held = draft.open("xb")
        if _is_locked_now(held) and draft.exists():  # not removed by somebody else between opening and locking
            return draft, held
        held.close()


def _remove_leftovers(path: Path) -> None:
    for left in path.parent.glob(f".{glob.escape(path.name[:_MAX_NAME])}.*.partial"):
        try:
            with left.open("rb") as file:
                if _is_locked_now(file):
                    left.unlink(missing_ok=True)
        except FileNotFoundError:
            continue


def _is_locked_now(file: BinaryIO) -> bool:
    """Whether this process has got the lock; False if another one has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
