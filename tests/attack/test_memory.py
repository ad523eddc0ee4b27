"""Memory does not grow with the file: a million comparisons are labelled in less than a gigabyte."""

import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

WORDS = ("the", "a", "model", "answer", "question", "good", "better", "plain", "short", "long", "because", "not")
MAIN_AND_PEAK = """
import resource, sys
from farm.commands.main import run_command
code = run_command(sys.argv[1:])
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "MB")
sys.exit(code)
"""


def write_pairs(path: Path, n: int) -> None:
    draws = random.Random(0)
    with path.open("w") as file:
        for k in range(n):
            outputs = [" ".join(draws.choices(WORDS, k=draws.randint(5, 40))) for _ in range(2)]
            row = {"instruction": f"Question {k}?", "output_1": outputs[0], "output_2": outputs[1],
                   "generator_1": f"m{k % 7}", "generator_2": f"m{k % 7 + 1}"}  # fmt: skip
            file.write(json.dumps(row) + "\n")


def peak_mb(folder: Path, n: int) -> int:
    """Of a process of its own that labels so many comparisons; a fork would bring its parent's memory along."""
    write_pairs(folder / "pairs.jsonl", n)
    line = ["annotate", "annotator=longest", f"input={folder / 'pairs.jsonl'}", f"output={folder / 'labels.jsonl'}",
            f"root={folder}"]  # fmt: skip
    command = [sys.executable, "-c", MAIN_AND_PEAK, *line]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{n:,} comparisons" in done.stdout
    peak = re.search(r"peak (\d+) MB", done.stdout)
    assert peak is not None
    return int(peak[1])


@pytest.mark.slow
def test_ten_times_the_rows_take_no_more_memory(tmp_path: Path) -> None:
    assert peak_mb(tmp_path, 20_000) < peak_mb(tmp_path, 2_000) + 40


@pytest.mark.soak
def test_a_million_comparisons_are_labelled_in_less_than_a_gigabyte(tmp_path: Path) -> None:
    peak = peak_mb(tmp_path, 1_000_000)
    print(f"\n1,000,000 comparisons, {(tmp_path / 'pairs.jsonl').stat().st_size / 1e6:.0f} MB: {peak} MB")
    assert peak < 1000
