"""What a figure's last digits may depend on: the processor, the instructions that are used of it, the threads."""

import os
import platform
import sys
from pathlib import Path
from typing import TypedDict

_MODEL_NAME = "model name"


class MachineJson(TypedDict):
    """Stands in every manifest, and in no key."""

    processor: str
    instructions: str
    """Torch's name for the widest that it uses: DEFAULT, AVX2, AVX512; empty where nothing has imported torch."""
    threads: int
    """That share a sum; of torch where it is imported, else what OMP_NUM_THREADS says, else all cores."""


def this_machine() -> MachineJson:
    """As it is now: commands set the number of threads."""
    torch = sys.modules.get("torch")
    if torch is not None:
        instructions, threads = str(torch.backends.cpu.get_cpu_capability()), int(torch.get_num_threads())
    else:
        given = os.environ.get("OMP_NUM_THREADS", "")
        instructions, threads = "", int(given) if given.isdecimal() else os.cpu_count() or 1
    return {"processor": _processor(), "instructions": instructions, "threads": threads}


def _processor() -> str:
    """The maker's name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith(_MODEL_NAME)]
    return names[0] if names else platform.processor() or platform.machine()
