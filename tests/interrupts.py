"""Ctrl-C in tests that run commands of their own."""

import signal


def heed_interrupts() -> None:
    """For `preexec_fn`: a process that a shell put into the background has SIGINT ignored, and so have its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
