"""When a reply was made, so that setting the clock makes nothing old.

Beside the clock's time, a reply keeps the boot of its machine and when that boot was by the clock of that moment. While
the machine has not been started again, the same boot by today's clock says how far the clock has been set since.
"""

import time
from pathlib import Path
from typing import NamedTuple

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Moment(NamedTuple):
    """A moment by the clock, and what tells later how the clock went."""

    seconds: float
    """Since 1970, by the clock."""
    boot: str | None
    """Name of the running of the machine; None where the system has none."""
    booted_at: float | None
    """When it began, by the clock of this moment."""


def moment() -> Moment:
    """Now."""
    seconds, boot = time.time(), boot_name()
    return Moment(seconds, boot, None if boot is None else seconds - time.clock_gettime(time.CLOCK_BOOTTIME))


def boot_name() -> str | None:
    """What the kernel calls the running of this machine; None where there is no such name."""
    try:
        return _BOOT_ID.read_text("ascii").strip() or None
    except OSError:
        return None
