"""What other libraries say of a stranger's files, in one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

from farm.errors import UserError
from farm.models.checkpoint_files.errors import CheckpointError
from farm.plain_text import one_line

MAX_REASON = 300


@contextmanager
def in_one_sentence(subject: str) -> Iterator[None]:
    """Within it, whatever a library raises becomes a CheckpointError that begins with the subject.

    Tokenizers, configurations and models are made from files that nobody here wrote; the libraries that read them raise
    anything, from KeyError to what Rust panics with, and each of them means: this file cannot be used.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise CheckpointError(f"{subject}: {reason_of(error)}") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # pyo3's, which is no Exception
            raise
        raise CheckpointError(f"{subject}: {reason_of(error)}") from error


def reason_of(error: BaseException) -> str:
    """The first line of what was raised, and the next where it ends in a colon; printable and short."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    first = " ".join(lines[: 2 if lines and lines[0].endswith(":") else 1])
    text = one_line(first)
    named = text if len(text) > 20 else f"{type(error).__name__} {text}".strip()
    return named if len(named) <= MAX_REASON else named[:MAX_REASON] + " ..."
