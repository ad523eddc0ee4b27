import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors import SafetensorError

from farm.disk import disk_problem, whole_file, write_all_whole, write_whole

LIVING = """
import sys, time
from pathlib import Path
from farm.disk import whole_file
with whole_file(Path(sys.argv[1])) as draft:
    draft.write_text("of the living")
    print("writing", flush=True)
    time.sleep(30 if len(sys.argv) > 2 else 0.7)
"""


def hidden(folder: Path) -> list[Path]:
    return sorted(folder.glob(".*"))


def test_a_file_is_there_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    write_whole(path, "first é")
    with pytest.raises(ValueError, match="half"), whole_file(path) as draft:
        draft.write_text("half of it")
        raise ValueError("half")
    assert path.read_text("utf-8") == "first é" and hidden(path.parent) == []


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a[1]*.txt"
    killed = subprocess.Popen([sys.executable, "-c", LIVING, path, "long"], stdout=subprocess.PIPE)
    living = subprocess.Popen([sys.executable, "-c", LIVING, path], stdout=subprocess.PIPE)
    for process in (killed, living):
        assert process.stdout is not None
        process.stdout.readline()
    killed.kill()
    killed.wait()
    assert len(hidden(tmp_path)) == 2
    write_whole(path, "of this one")
    assert len(hidden(tmp_path)) == 1 and path.read_text() == "of this one"
    assert living.wait() == 0
    assert path.read_text() == "of the living" and hidden(tmp_path) == []


def test_a_name_as_long_as_they_may_be_has_room_for_its_draft(tmp_path: Path) -> None:
    write_whole(tmp_path / ("x" * 255), b"x")
    with pytest.raises(OSError) as caught:
        write_whole(tmp_path / ("x" * 256), b"x")
    assert caught.value.errno == errno.ENAMETOOLONG


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "a.json"), "a.json: No space left on device; make room"),
        (NotADirectoryError(errno.ENOTDIR, "x", "a/b"), "a/b: Not a directory; a file stands where a folder"),
        (OSError(errno.ELOOP, "x", b"l"), "l: Too many levels of symbolic links; a link leads back"),
        (SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"), "No space left"),
        (RuntimeError("[enforce fail at inline_container.cc:664] . unexpected pos 64 vs 0"), "No space left"),
        (RuntimeError("Symlink loop from 'x'"), "Symlink loop from 'x': a link leads back"),
    ],
)
def test_what_libraries_raise_is_a_sentence(error: Exception, said: str) -> None:
    assert said in str(disk_problem(error))


@pytest.mark.parametrize("error", [RuntimeError("x"), ValueError("y"), ConnectionError(1, "z"), OSError("no number")])
def test_other_errors_are_not_taken_for_a_disk(error: Exception) -> None:
    assert disk_problem(error) is None


def test_a_full_disk_is_named_with_the_file(tmp_path: Path) -> None:
    with pytest.raises(OSError) as caught, whole_file(tmp_path / "a"):
        os.write(os.open("/dev/full", os.O_WRONLY), b"x")
    assert "a: No space left on device" in str(disk_problem(caught.value))


def test_files_that_belong_together_stay_as_they_were_where_one_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        write_all_whole({tmp_path / "a": "new", tmp_path / "file" / "b": "new"})
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"a": "old", "file": ""}
