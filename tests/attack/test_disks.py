"""A full, a small, a read-only and a wrong disk under every command with an output: a sentence, nothing half done."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from farm.models.prompt_file import save_prompt
from tests.analysis.calibration.test_fit_and_check import made_up
from tests.commands.run_farm import FARM, Done, farm
from tests.commands.test_score import PROMPT
from tests.tiny import tiny_reward_model

pytestmark = pytest.mark.slow

SMALL = (
    "dataset.n_demonstrations=64", "dataset.n_preference=48", "dataset.n_unlabeled=16", "dataset.n_evaluation=8",
    "dataset.n_validation=8", "reward_model.n_held_out=8",
)  # fmt: skip
Line = Callable[[Path], tuple[str, ...]]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    made_up(30).to_json(folder / "labels.json", orient="records")
    rows = [{"instruction": f"q{k}", "output_1": "a", "output_2": "bb", "output": "c"} for k in range(2000)]
    (folder / "pairs.json").write_text(json.dumps(rows))
    (folder / "outputs.json").write_text(json.dumps(rows[:20]))
    tiny_reward_model(folder / "reward_model")
    save_prompt(PROMPT, folder / "reward_model")
    return folder


def lines(inputs: Path, place: Path) -> dict[str, tuple[str, ...]]:
    """A cheap line of each command that writes, with its output in a place."""
    labels, out = inputs / "labels.json", place / "out"
    score = ("score", f"reward_model={inputs / 'reward_model'}", "device=cpu", "threads=1")
    annotate = ("annotate", f"input={inputs / 'pairs.json'}", "annotator=longest")
    return {
        **{f"annotate {kind}": (*annotate, f"output={out}.{kind}") for kind in ("json", "parquet", "csv", "jsonl.gz")},
        "score": (*score, f"input={inputs / 'outputs.json'}", f"output={out}.parquet"),
        "score pairs": (*score, f"pairs={labels}", f"output={out}"),
        "judges": ("judges", f"input={labels}", f"output={out}", "n_resamples=10", "attacked_items=0"),
        "compare": ("compare", f"humans={labels}", f"simulated={labels}", f"output={out}", "report.n_resamples=10"),
        "calibrate": (
            "calibrate", f"humans={labels}", f"judge={labels}", "name=mine", "n_folds=2", "n_simulations=2",
            "n_resamples=10", f"output={out}", f"annotator_dir={place / 'conf'}",
        ),
        "plan": ("plan", "n_simulations=100", f"output={out}"),
    }  # fmt: skip


def assert_refused(done: Done, place: Path, name: str) -> None:
    """One sentence and code 1, or 2 where the line is refused before it starts; no drafts, no half files."""
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr, (name, done)
    said = [line for line in done.stderr.splitlines() if line.startswith("farm: ")]
    assert len(said) == 1, (name, done.stderr)
    if place.is_dir():
        files = [path for path in place.rglob("*") if path.is_file()]
        assert not [path for path in files if path.name.endswith(".partial")], (name, files)
        for path in files:
            if path.suffix == ".json":
                json.loads(path.read_text())


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mount a tmpfs; skipped where that is not allowed."""
    mounted: list[Path] = []

    def mounted_with(options: str) -> Path:
        place = tmp_path / f"disk{len(mounted)}"
        place.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True, check=False)
        if done.returncode:
            pytest.skip("no right to mount a small disk")
        mounted.append(place)
        return place

    yield mounted_with
    for place in mounted:
        subprocess.run(["umount", "-l", place], check=True)


def test_full_disks(inputs: Path, mount: Callable[..., Path]) -> None:
    place = mount("size=16k")
    (place / "ballast").write_bytes(b"x" * 8192)
    for name, line in lines(inputs, place).items():
        if name == "score":
            continue  # twenty rows fit
        assert_refused(farm(*line), place, name)


def test_disks_without_room_for_another_entry(inputs: Path, mount: Callable[..., Path]) -> None:
    place = mount("size=4m,nr_inodes=1")
    for name in ("annotate json", "score", "score pairs", "plan"):
        assert_refused(farm(*lines(inputs, place)[name]), place, name)


def test_read_only_disks_and_files_in_the_way(inputs: Path, tmp_path: Path, mount: Callable[..., Path]) -> None:
    read_only = mount("size=1m,ro")
    in_the_way = tmp_path / "way"
    in_the_way.mkdir()
    (in_the_way / "out").write_text("a file")
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for name in ("annotate json", "score pairs", "judges", "compare", "plan"):
        assert_refused(farm(*lines(inputs, read_only)[name]), read_only, name)
        assert_refused(farm(*lines(inputs, loop)[name]), tmp_path / "none", name)
        if not name.startswith("annotate"):
            assert_refused(farm(*lines(inputs, in_the_way)[name]), in_the_way, name)
    assert (in_the_way / "out").read_text() == "a file"


@pytest.mark.parametrize("size", ["48k", "400k", "3m"])
def test_a_run_on_a_small_disk_and_again_on_a_larger_one(size: str, mount: Callable[..., Path]) -> None:
    """It ends in the dataset, in a checkpoint, or in tensors of the optimizer; with room it goes on."""
    place = mount(f"size={size}")
    line = ("run", "method=sft", "annotator=crowd", "seed=0", *SMALL, f"root={place / 'root'}")
    assert_refused(farm(*line), place, size)
    if size == "3m":
        subprocess.run(["mount", "-o", "remount,size=200m", place], check=True)
        assert farm(*line).returncode == 0
        assert not list((place / "root").rglob("*.building")) and not list((place / "root").rglob("*.partial"))


def test_a_full_standard_output(tmp_path: Path) -> None:
    for line in (["--help"], ["cache", f"root={tmp_path}"], ["run", "--cfg", "job"]):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run([*FARM, *line], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 1 and done.stderr.count("farm: ") == 1 and "Traceback" not in done.stderr, done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content", ["", "[]", "null", "{}", '{"files": []}', '{"files": {"manifest.json": 1}}', "[" * 5000]
)
def test_a_broken_manifest_is_a_sentence(content: str, tmp_path: Path) -> None:
    (tmp_path / "artifacts" / "standings" / "0123456789abcdef").mkdir(parents=True)
    (tmp_path / "artifacts" / "format.json").write_text('{"format": 2}')
    (tmp_path / "artifacts" / "standings" / "0123456789abcdef" / "manifest.json").write_text(content)
    for line in (("leaderboard", f"output={tmp_path / 'out'}"), ("compare",)):
        done = farm(*line, f"root={tmp_path}")
        assert done.returncode in (1, 2) and "Traceback" not in done.stderr


def test_no_permission(inputs: Path, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    for name, line in lines(inputs, tmp_path).items():
        assert_refused(farm(*line), tmp_path / "none", name)
    tmp_path.chmod(0o700)
