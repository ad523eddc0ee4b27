"""What farm's own loggers show on the command line; other libraries' warnings look alike, their info lines stay off."""

import logging
import warnings


def show_messages(*, is_verbose: bool) -> None:
    """Show warnings, without the place in the source that they come from, and farm's info lines if verbose."""
    warnings.formatwarning = _warning_line
    warnings.filterwarnings("ignore", message="Glyph ")  # a box stands where the font lacks a sign of a name
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("farm").setLevel(logging.INFO if is_verbose else logging.WARNING)


def _warning_line(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    del category, filename, lineno, line
    return f"warning: {message}\n"
