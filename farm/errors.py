"""Errors whose message tells the user all there is to know; the command line prints them without a traceback."""


class UserError(Exception):
    """Something outside the code is wrong: a file, a checkpoint, an artifact, a full disk."""
