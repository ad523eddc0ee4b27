"""Input files that grow or never end a row: packed bombs, one enormous line, one enormous cell. One sentence each.

The bounds are lowered here, so that no test needs gigabytes; the last one meets them as they are.
"""

import bz2
import gzip
import json
import lzma
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from farm.data.files.rows import DataError, read_rows
from tests.commands.run_farm import farm
from tests.paths import ROOT

ROW = json.dumps({"instruction": "Name a fruit.", "output_1": "Plum.", "output_2": "A pear."})


def zstd(content: bytes) -> bytes:
    packed: bytes = pa.compress(content, codec="zstd", asbytes=True)
    return packed


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstd,
}  # fmt: skip


@pytest.fixture
def low_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("farm.data.files.open_files.UNPACKED_FLOOR", 2**20)
    monkeypatch.setattr("farm.data.files.json_rows.MAX_ROW_CHARACTERS", 2**20)
    monkeypatch.setattr("farm.data.files.json_rows.MAX_OBJECT_CHARACTERS", 2**20)
    monkeypatch.setattr("farm.data.files.row_stream.MAX_ROW_CHARACTERS", 2**20)


@pytest.mark.parametrize(
    ("name", "packing"), [*(("a.jsonl", packing) for packing in PACKERS), ("a.json", ".gz"), ("a.csv", ".gz")]
)
@pytest.mark.usefixtures("low_bounds")
def test_a_packed_bomb_ends_where_it_grows_beyond_measure(name: str, packing: str, tmp_path: Path) -> None:
    row = json.dumps({"instruction": "x" * 50_000, "output_1": "a", "output_2": "b"})
    contents = {"a.jsonl": f"{row}\n" * 200, "a.json": f"[{row}" + f",{row}" * 200 + "]"}
    text = contents.get(name, "instruction,output_1,output_2\n" + f"{'x' * 50_000},b,c\n" * 200)
    path = tmp_path / f"{name}{packing}"
    path.write_bytes(PACKERS[packing](text.encode()))
    with pytest.raises(DataError, match="unpacks to more than 200 times its"):
        read_rows(path)


@pytest.mark.usefixtures("low_bounds")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.jsonl", ROW + "\n" + '{"instruction": "' + "x" * 2**21),
        ("a.jsonl", " " * 2**21),
        ("a.json", '{"instruction": "' + "x" * 2**21),
        ("a.json", '[{"instruction": "' + "x" * 2**21),
        ("a.json", "[" + ROW + ',{"a": "' + "x" * 2**21 + '"}]'),
        ("a.csv", 'instruction,output_1,output_2\na,b,"' + "x" * 2**21),
        ("a.csv", "instruction,output_1,output_2\na,b," + "x" * 2**21),
        ("a.tsv", "\t" * 2**21),
    ],
)
def test_a_row_that_never_ends_is_one_sentence(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=r"more than [\d,]+ characters|field larger than field limit|file is empty"):
        read_rows(tmp_path / name)


DEEP = "[" * 100_000
DIGITS = "9" * 5000


@pytest.mark.parametrize("value", [DEEP, "[" * 300 + "]" * 300, '{"a":' * 100_000, DIGITS, f"[{DIGITS}]"])
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_values_that_are_too_deep_or_too_long_name_file_and_row(name: str, value: str, tmp_path: Path) -> None:
    row = f'{{"instruction": "x", "output_1": "a", "output_2": "b", "more": {value}}}'
    (tmp_path / name).write_text(f"[{row}]" if name == "a.json" else row)
    with pytest.raises(DataError, match=rf"{name} \((row|line) 1\): .*(brackets stand in one another|5,000 digits)"):
        read_rows(tmp_path / name)


@pytest.mark.slow
def test_a_file_that_is_refused_leaves_no_output(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(f'{ROW}\n{{"instruction": {DEEP}')
    done = farm("annotate", f"input={tmp_path / 'a.jsonl'}", f"output={tmp_path / 'out.json'}", "annotator=longest",
                f"root={tmp_path}")  # fmt: skip
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "a.jsonl (line 2): more than 100 brackets stand in one another" in done.stderr
    assert not list(tmp_path.glob("out.json*"))


# Not ru_maxrss, which begins with the memory of the process that it was forked from.
MEASURED = """
import sys
from pathlib import Path
from farm.commands.main import run_command
code = run_command(sys.argv[1:])
print(next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")))
sys.exit(code)
"""


@pytest.mark.slow
def test_a_megabyte_of_gzip_that_means_a_gigabyte_stays_small(tmp_path: Path) -> None:
    bomb = tmp_path / "a.jsonl.gz"
    with gzip.open(bomb, "wb") as file:
        for _ in range(1024):
            file.write(bytes(2**20))
    assert bomb.stat().st_size < 1_200_000
    line = ("annotate", f"input={bomb}", f"output={tmp_path / 'out.json'}", "annotator=longest", f"root={tmp_path}")
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *line], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert int(done.stdout.split()[-2]) < 2**20  # kB
