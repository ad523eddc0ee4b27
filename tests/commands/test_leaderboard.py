"""`farm leaderboard` as a user types it, on a root of runs made by hand."""

import os
import signal
from pathlib import Path

import pytest

from farm.leaderboard.checking import check_folder
from farm.leaderboard.files import write_leaderboard
from farm.leaderboard.making.build import BoardSettings, build_board
from farm.leaderboard.stored import Stored, read_stored
from farm.store.artifacts import Store
from tests.commands.run_farm import Done, farm
from tests.leaderboard.made_data import entry, made
from tests.leaderboard.made_root import add_run
from tests.paths import ROOT

FILES = {"README.md", "standings.csv", "seeds.csv", "leaderboard.json", "entries.json", "verdicts.parquet", "site"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    store = Store(tmp_path / "root")
    add_run(store, "ppo", {"crowd": ("WWL", "WLL"), "pool": ("WWW", "WTL")})
    add_run(store, "dpo", {"crowd": ("WLL", "LLL"), "pool": ("WWL", "L-L")}, answers=("A bird.", "A fish."))
    return tmp_path / "root"


def board(root: Path, *more: str) -> Done:
    return farm("leaderboard", f"root={root}", f"output={root.parent / 'board'}", "n_resamples=20", *more)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_one_command_makes_everything_and_says_who_leads(root: Path) -> None:
    done = board(root)
    assert done.returncode == 0, done.stderr
    folder = root.parent / "board"
    assert {path.name for path in folder.iterdir()} == FILES
    lines = done.stdout.splitlines()
    assert "pond, judged by crowd: 2 models" in lines[0] and "ppo (crowd labels)  50.0" in lines[1]
    assert lines[-1] == str(folder / "site" / "index.html") and len(lines) <= 10 + len(FILES)
    assert "An owl." in "".join(path.read_text() for path in (folder / "site").rglob("*.js"))


def test_the_same_root_gives_the_same_bytes(root: Path) -> None:
    assert board(root).returncode == 0
    before = contents(root.parent / "board")
    assert board(root, "site=false").returncode == 0
    assert contents(root.parent / "board") == before


def test_check_needs_no_root_and_compares_with_one_that_is_named(root: Path) -> None:
    assert board(root).returncode == 0
    folder = root.parent / "board"
    alone = farm("leaderboard", "--check", f"output={folder}")
    assert (alone.returncode, alone.stdout) == (0, f"{folder} says what its verdicts say\n")
    both = board(root, "--check")
    assert both.returncode == 0 and f"these are those of {root}" in both.stdout
    add_run(Store(root), "sft", {"crowd": ("LLL", "WLL"), "pool": ("LLL", "LLL")}, answers=("Bird.", "Fish."))
    assert farm("leaderboard", "--check", f"output={folder}").returncode == 0
    more = board(root, "--check")
    assert more.returncode == 1 and more.stdout.count("in the root, not in the leaderboard") == 2
    (folder / "seeds.csv").unlink()
    assert "seeds.csv: missing" in farm("leaderboard", "--check", f"output={folder}").stdout


def test_the_verdicts_alone_make_the_leaderboard_anew(root: Path) -> None:
    assert board(root).returncode == 0
    folder = root.parent / "board"
    before = contents(folder)
    for name in before.keys() - {"verdicts.parquet", "entries.json"}:
        (folder / name).unlink()
    assert farm("leaderboard", "root=null", f"output={folder}", "n_resamples=20").returncode == 0
    assert contents(folder) == before
    assert (folder / "site" / "index.html").is_file()


@pytest.mark.parametrize("name", ["verdicts.parquet", "entries.json"])
def test_damage_is_one_sentence(name: str, root: Path) -> None:
    assert board(root).returncode == 0
    (root.parent / "board" / name).write_bytes(b"\x00")
    done = farm("leaderboard", "--check", f"output={root.parent / 'board'}")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1 and f"{name} is damaged" in done.stderr


def test_what_cannot_be_shown_leaves_the_leaderboard_as_it_was(root: Path) -> None:
    assert board(root).returncode == 0
    before = contents(root.parent / "board")
    done = board(root, "+compared_with.pond=[people]")
    assert done.returncode == 1 and "expected `annotator NAME`, `track NAME` or `standings FILE`" in done.stderr
    assert contents(root.parent / "board") == before


def test_a_folder_of_somebody_elses_is_not_written_into(root: Path) -> None:
    folder = root.parent / "board"
    (folder / "site").mkdir(parents=True)
    (folder / "README.md").write_text("Mine.")
    done = board(root)
    assert done.returncode == 1 and "README.md is not a leaderboard's; nothing was written" in done.stderr
    (folder / "README.md").unlink()
    (folder / "site" / "index.html").write_text("Mine.")
    assert board(root).returncode == 1
    assert [path.name for path in folder.rglob("*")] == ["site", "index.html"]


def test_an_empty_root_says_what_to_do(tmp_path: Path) -> None:
    done = board(tmp_path / "none")
    assert done.returncode == 1 and "make some first" in done.stderr


def test_a_kill_while_it_is_written_leaves_the_old_one_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = (
        Stored(data=made({entry("a"): [first, "L"]}), settings=BoardSettings(n_resamples=0, seed=0)) for first in "WL"
    )
    write_leaderboard(old, build_board(old.data, old.settings, tmp_path), tmp_path)
    before = contents(tmp_path)
    shown = build_board(new.data, new.settings, tmp_path)
    child = os.fork()
    if child == 0:
        written: list[Path] = []

        def write_bytes(path: Path, content: bytes) -> int:
            written.append(path)
            if len(written) == 4:
                os.kill(os.getpid(), signal.SIGKILL)
            with path.open("wb") as file:
                return file.write(content)

        Path.write_bytes = write_bytes  # type: ignore[assignment, method-assign]
        write_leaderboard(new, shown, tmp_path)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert {name: content for name, content in contents(tmp_path).items() if not name.startswith(".")} == before
    assert check_folder(tmp_path, None) == []
    write_leaderboard(new, shown, tmp_path)
    assert contents(tmp_path).keys() == before.keys() and contents(tmp_path) != before


@pytest.mark.slow
def test_the_committed_leaderboard_says_what_its_verdicts_say() -> None:
    folder = ROOT / "leaderboard"
    if not (folder / "verdicts.parquet").is_file():
        pytest.skip("leaderboard/ was made before verdicts were kept with it")
    assert (folder / "verdicts.parquet").stat().st_size < 5e6
    assert len(read_stored(folder).data.entries) > 0
    done = farm("leaderboard", "--check", f"output={folder}")
    assert done.returncode == 0, done.stdout + done.stderr
