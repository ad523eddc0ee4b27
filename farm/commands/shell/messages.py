"""What farm's own loggers show on the command line; other libraries' warnings look alike, their info lines stay off."""

import logging


def show_messages(*, is_verbose: bool) -> None:
    """Show warnings, and farm's info lines if verbose."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("farm").setLevel(logging.INFO if is_verbose else logging.WARNING)
