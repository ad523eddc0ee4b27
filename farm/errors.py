"""Errors whose message tells the user all there is to know; the command line prints them without a traceback."""

from typing import ClassVar

from farm.addresses import with_shown_addresses


class UserError(Exception):
    """Something outside the code is wrong: a file, a checkpoint, an artifact, a full disk."""

    exit_code: ClassVar[int] = 1
    """What the command line ends with."""

    def __str__(self) -> str:
        """The message, in which no address shows a secret."""
        return with_shown_addresses(super().__str__())

    def report(self) -> str:
        """What the command line prints; a line that a name from outside begins is no line of farm's."""
        return "\n".join(line if line.startswith(" ") else f"  {line}" for line in f" farm: {self}".splitlines())[1:]


class CannotJudgeError(UserError):
    """A judge was asked about something that it knows nothing of; the message says what it can judge."""


class DivergedError(UserError):
    """A training has left the numbers: a loss, a gradient, a score or a weight. From what it has left the same command
    would come to the same end, so nothing of it is kept."""


class UnfitError(UserError, ValueError):
    """Settings that are right in themselves do not fit the data, the model or one another: too few rows for a batch."""
