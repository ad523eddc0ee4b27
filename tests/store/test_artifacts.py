"""Artifacts: made once, whole or not at all, shared by processes, and loud when they are corrupt."""

import errno
import multiprocessing
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from farm.errors import DivergedError, UserError
from farm.store.artifacts import ArtifactError, MissingArtifactError, Stage, Store

STAGE = Stage("thing", 1)


@dataclass(frozen=True, kw_only=True)
class Settings:
    rate: float
    device: str = field(default="cpu", metadata={"in_key": False})
    text: Path | None = None
    later: str = field(default="", metadata={"in_key": "unless_default"})


def write(text: str):  # type: ignore[no-untyped-def]
    def build(output_dir: Path, scratch_dir: Path) -> None:
        (output_dir / "text.txt").write_text(text)

    return build


def forbidden(output_dir: Path, scratch_dir: Path) -> None:
    raise AssertionError("was built twice")


def test_second_request_reuses_the_first(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = store.get(STAGE, component=Settings(rate=0.1), parents={}, seed=0, build=write("a"))
    again = store.get(STAGE, component=Settings(rate=0.1, device="cuda"), parents={}, seed=0, build=forbidden)
    assert again == first
    assert [report.is_reused for report in store.reports] == [False, True]


@pytest.mark.parametrize("change", ["component", "seed", "parents", "version", "file content"])
def test_whatever_decides_the_result_changes_the_key(tmp_path: Path, change: str) -> None:
    store = Store(tmp_path / "root")
    text = tmp_path / "prompt.txt"
    text.write_text("one")
    parent = store.get(Stage("parent", 1), component={}, parents={}, seed=0, build=write("p"))
    first = store.get(STAGE, component=Settings(rate=0.1, text=text), parents={"p": parent}, seed=0, build=write("a"))
    if change == "file content":
        text.write_text("two")
    other = store.get(
        STAGE._replace(version=2) if change == "version" else STAGE,
        component=Settings(rate=0.2 if change == "component" else 0.1, text=text),
        parents={} if change == "parents" else {"p": parent},
        seed=1 if change == "seed" else 0,
        build=write("b"),
    )
    assert other.key != first.key


def test_a_changed_file_is_reported_with_the_folder_to_delete(tmp_path: Path) -> None:
    made = Store(tmp_path).get(STAGE, component={}, parents={}, seed=0, build=write("abc"))
    made.file("text.txt").write_text("abd")
    with pytest.raises(ArtifactError, match=rf"thing {made.key} is corrupt: .*text.txt.*Delete the folder {made.path}"):
        Store(tmp_path).get(STAGE, component={}, parents={}, seed=0, build=forbidden)


def test_a_truncated_or_missing_file_is_reported(tmp_path: Path) -> None:
    made = Store(tmp_path).get(STAGE, component={}, parents={}, seed=0, build=write("abc"))
    made.file("text.txt").write_text("a")
    again = {"component": {}, "parents": {}, "seed": 0, "build": forbidden}
    with pytest.raises(ArtifactError, match="has 1 bytes, the manifest says 3"):
        Store(tmp_path).get(STAGE, **again)
    made.file("text.txt").unlink()
    with pytest.raises(ArtifactError, match="No such file"):
        Store(tmp_path).get(STAGE, **again)


@pytest.mark.parametrize(
    "manifest", ["", "[]", "{}", '{"files": {}}', '{"files": [], "cost": {}}', '{"files": {}, "cost": []}', "[" * 10**5]
)
def test_an_artifact_with_a_broken_manifest_is_left_out_and_named(tmp_path: Path, manifest: str) -> None:
    store = Store(tmp_path)
    sound = store.get(STAGE, component={}, parents={}, seed=0, build=write("abc"))
    broken = store.get(STAGE, component={}, parents={}, seed=1, build=write("abc"))
    broken.file("manifest.json").write_text(manifest)
    readable = Store(tmp_path).readable("thing")
    assert readable.artifacts == (sound,)
    (sentence,) = readable.skipped
    assert f"thing {broken.key} is corrupt: " in sentence and f"Delete the folder {broken.path}" in sentence


def test_a_failed_build_leaves_nothing_in_place(tmp_path: Path) -> None:
    def fail(output_dir: Path, scratch_dir: Path) -> None:
        (output_dir / "half.txt").write_text("half")
        raise RuntimeError("stop")

    store = Store(tmp_path)
    with pytest.raises(RuntimeError):
        store.get(STAGE, component={}, parents={}, seed=0, build=fail)
    assert store.readable("thing").artifacts == ()
    assert not (store.get(STAGE, component={}, parents={}, seed=0, build=write("a")).path / "half.txt").exists()


@pytest.mark.parametrize(("error", "n_kept"), [(DivergedError("diverged"), 0), (UserError("no credit left"), 1)])
def test_what_a_diverged_build_would_go_on_from_is_removed(error: UserError, n_kept: int, tmp_path: Path) -> None:
    def fail(output_dir: Path, scratch_dir: Path) -> None:
        (scratch_dir / "checkpoint").write_text("of step 7")
        raise error

    with pytest.raises(UserError):
        Store(tmp_path).get(STAGE, component={}, parents={}, seed=0, build=fail)
    assert len(list(tmp_path.glob("artifacts/*/.*"))) == n_kept


def test_a_full_disk_names_the_artifact(tmp_path: Path) -> None:
    def full(output_dir: Path, scratch_dir: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(ArtifactError, match=r"thing [0-9a-f]{16} could not be made.*No space left"):
        Store(tmp_path).get(STAGE, component={}, parents={}, seed=0, build=full)


def test_a_read_only_store_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(MissingArtifactError):
        Store(tmp_path, is_read_only=True).get(STAGE, component={}, parents={}, seed=0, build=forbidden)


def test_a_killed_build_keeps_its_scratch_and_is_made_again(tmp_path: Path) -> None:
    def die(output_dir: Path, scratch_dir: Path) -> None:
        (scratch_dir / "step").write_text("7")
        (output_dir / "half.txt").write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)

    process = multiprocessing.get_context("fork").Process(
        target=lambda: Store(tmp_path).get(STAGE, component={}, parents={}, seed=0, build=die)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL

    def resume(output_dir: Path, scratch_dir: Path) -> None:
        (output_dir / "text.txt").write_text((scratch_dir / "step").read_text())

    made = Store(tmp_path).get(STAGE, component={}, parents={}, seed=0, build=resume)
    assert sorted(f.name for f in made.path.iterdir()) == ["manifest.json", "text.txt"]
    assert made.file("text.txt").read_text() == "7"


def _slow_build(root: Path, log: Path) -> None:
    def build(output_dir: Path, scratch_dir: Path) -> None:
        with log.open("a") as file:
            file.write("built\n")
        time.sleep(0.5)
        (output_dir / "text.txt").write_text("a")

    Store(root).get(STAGE, component={}, parents={}, seed=0, build=build)


def test_two_processes_at_once_build_it_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_slow_build, args=(tmp_path / "root", log)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert log.read_text() == "built\n"


def test_a_root_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError, match=r"root=.*file/root: no artifacts can be kept here: Not a directory"):
        Store(tmp_path / "file" / "root").get(STAGE, component={}, parents={}, seed=0, build=forbidden)


def test_a_root_whose_keys_name_modules_is_refused_in_one_sentence(tmp_path: Path) -> None:
    store = Store(tmp_path)
    made = store.get(STAGE, component=Settings(rate=0.1), parents={}, seed=0, build=write("a"))
    Store(tmp_path).get(STAGE, component=Settings(rate=0.1), parents={}, seed=0, build=forbidden)
    (tmp_path / "artifacts" / "format.json").unlink()  # as before formats were written
    assert made.path.is_dir()
    with pytest.raises(ArtifactError, match="format 1, this version reads and writes format 2; give another root=DIR"):
        Store(tmp_path)


def test_a_failed_build_removes_its_draft_at_once(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        Store(tmp_path).get(STAGE, component={}, parents={}, seed=0, build=forbidden)
    assert list(tmp_path.glob("artifacts/thing/.*.building")) == []


def test_the_next_store_removes_what_a_killed_build_of_another_key_left_and_never_a_living_one(tmp_path: Path) -> None:
    left = tmp_path / "artifacts" / "thing" / ".0123456789abcdef.building"
    (tmp_path / "locks").mkdir()
    left.mkdir(parents=True)

    def build(output_dir: Path, scratch_dir: Path) -> None:
        Store(tmp_path)
        assert output_dir.is_dir() and not left.exists()

    Store(tmp_path).get(STAGE, component={}, parents={}, seed=0, build=build)
