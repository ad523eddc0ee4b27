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
    """The first line of what was raised, and the next where it ends in a colon; printable and short.

    Of Python's own errors, which speak of code, what they mean for the file.
    """
    if isinstance(error, KeyError):
        return f"{one_line(repr(error.args[0] if error.args else '')[:MAX_REASON])} is no name that is known there"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, AttributeError):
        return "one of its values is of another type than expected"
    if "Couldn't instantiate the backend tokenizer" in str(error):
        return "there is no tokenizer file; put tokenizer.json, or the model's vocabulary, into the folder"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    first = " ".join(lines[: 2 if lines and lines[0].endswith(":") else 1])
    text = one_line(first)
    named = text if len(text) > 20 else f"{type(error).__name__} {text}".strip()
    return named if len(named) <= MAX_REASON else named[:MAX_REASON] + " ..."
