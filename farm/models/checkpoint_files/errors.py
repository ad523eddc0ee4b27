"""What is wrong with a checkpoint."""

from farm.errors import UserError


class CheckpointError(UserError):
    """A checkpoint is missing, incomplete, unfit, or would have to run code to load."""
