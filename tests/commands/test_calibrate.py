"""`farm calibrate` from the command line: what it writes can be used, and what is wrong is said first."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from farm.annotators.noise.crowd import CrowdNoise
from farm.annotators.noised import NoisedAnnotator
from farm.calls.request import NO_CALLS
from farm.commands.calibrate import calibrate
from farm.config.conf_dirs import CONF_DIR
from farm.config.objects import ConfigError, build
from farm.errors import UserError
from farm.records import Comparison
from tests.analysis.calibration.test_fit_and_check import made_up

pytestmark = pytest.mark.slow

QUICK = ["n_folds=2", "n_simulations=2", "n_resamples=20"]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("labels") / "labels.json"
    made_up(60).to_json(path, orient="records")
    return path


def arguments(table: Path, folder: Path, **more: object) -> list[str]:
    given = {"humans": table, "judge": table, "name": "mine", "annotator_dir": folder / "conf", **more}
    given = {"output": folder / "out", **given}
    return [*(f"{key}={value}" for key, value in given.items()), *QUICK]


def test_recorded_verdicts_become_an_annotator_that_can_be_used(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calibrate(arguments(table, tmp_path)) == 0
    printed = capsys.readouterr().out
    assert "use it with annotator=mine" in printed
    node = yaml.safe_load((tmp_path / "conf" / "mine.yaml").read_text())
    annotator = build(NoisedAnnotator, node)
    frame = made_up(60).drop_duplicates("item_id")
    columns = ["instruction", "output_1", "output_2"]
    comparisons = [
        Comparison(instruction=i, output_1=one, output_2=two)
        for i, one, two in zip(*(frame[name] for name in columns), strict=True)
    ]
    labels = annotator.annotate(comparisons, (), 0, with_noise=True, calls=NO_CALLS)
    assert all(label.preference is not None and label.worker for label in labels)
    assert any(label.is_noised for label in labels)
    content = json.loads((tmp_path / "out" / "calibration.json").read_text())
    assert content["config"] == str(tmp_path / "conf" / "mine.yaml")
    (stage,) = annotator.noise
    assert isinstance(stage, CrowdNoise)
    assert stage.length_bias == content["parameters"]["length_bias"]["value"]
    assert (tmp_path / "out" / "calibration.png").stat().st_size > 10_000
    tables = [line for line in (tmp_path / "out" / "calibration.md").read_text().splitlines() if line.startswith("|")]
    assert len(tables) > 10 and all(line in printed for line in tables)

    bare = [line for line in (tmp_path / "conf" / "mine.yaml").read_text().splitlines() if "#" not in line]
    assert all(line.endswith(":") or "_target_" in line for line in bare)

    before = (tmp_path / "conf" / "mine.yaml").read_bytes()
    with pytest.raises(ConfigError, match=r"mine.yaml exists; choose another name, or overwrite=true"):
        calibrate(arguments(table, tmp_path))
    assert calibrate(arguments(table, tmp_path, overwrite="true")) == 0
    assert (tmp_path / "conf" / "mine.yaml").read_bytes() == before  # the same seed, the same file


def test_a_live_annotator_may_be_the_judge(table: Path, tmp_path: Path) -> None:
    assert calibrate(arguments(table, tmp_path, judge="longest")) == 0
    node = yaml.safe_load((tmp_path / "conf" / "mine.yaml").read_text())
    assert node["defaults"] == ["longest", "_self_"]
    (stage,) = node["noise"]
    assert build(CrowdNoise, stage).verdict_log_odds is not None
    assert json.loads((tmp_path / "out" / "calibration.json").read_text())["judge"] == "longest"
    calibrate(arguments(table, tmp_path, name="other", base="shortest"))
    assert yaml.safe_load((tmp_path / "conf" / "other.yaml").read_text())["defaults"][0] == "shortest"


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        ({"judge": "longst"}, ["judge: no file or folder of that name, and no annotator 'longst'; did you mean"]),
        ({"judge": "missing.json"}, ["judge: no file or folder missing.json"]),
        ({"judge": "recorded"}, ["judge: to replay a table of verdicts, give the table itself"]),
        (
            {"judge": "longest", "annotator": "x", "name": "longest", "base": "poool"},
            [
                "annotator: narrows a table of verdicts, but judge=longest is an annotator",
                "base: no annotator 'poool'; did you mean `pool`",
            ],
        ),
        (
            {"judge": "longest", "name": "longest"},
            ["name: the file would build on itself", "name: farm comes with an annotator 'longest'"],
        ),
        (
            {"name": "a/b", "p_limit": "1.0", "overwrit": "true"},
            [
                "name: expected letters, digits",
                "p_limit: expected a probability between 0.5 and 1",
                "overwrit: unknown key; did you mean `overwrite`",
            ],
        ),
        ({"n_folds": "1"}, ["n_folds: expected at least 2, got 1"]),
    ],
)
def test_wrong_settings_are_named(table: Path, tmp_path: Path, change: dict[str, str], messages: list[str]) -> None:
    given = [text for text in arguments(table, tmp_path, **change) if text.split("=")[0] not in change]
    with pytest.raises(ConfigError) as caught:
        calibrate([*given, *(f"{key}={value}" for key, value in change.items())])
    assert all(message in str(caught.value) for message in messages)
    assert not (tmp_path / "conf").exists()


def test_missing_settings_are_all_named() -> None:
    with pytest.raises(ConfigError) as caught:
        calibrate([])
    assert {problem.where for problem in caught.value.problems} >= {"humans", "judge", "name"}


def test_a_name_that_is_taken_is_refused_before_the_work(table: Path) -> None:
    taken = [text for text in arguments(table, table.parent, name="pool") if not text.startswith("annotator_dir")]
    before = (CONF_DIR / "annotator" / "pool.yaml").read_bytes()
    with pytest.raises(ConfigError, match="farm comes with an annotator 'pool'"):
        calibrate(taken)
    assert (CONF_DIR / "annotator" / "pool.yaml").read_bytes() == before


def test_a_table_without_humans_says_so(table: Path, tmp_path: Path) -> None:
    frame = made_up(10)
    frame[frame["annotator_kind"] == "llm"].to_json(tmp_path / "judged.json", orient="records")
    with pytest.raises(UserError, match="expected rows with annotator_kind 'human'"):
        calibrate(arguments(tmp_path / "judged.json", tmp_path, judge=table))


def test_it_runs_without_torch() -> None:
    code = "import sys, farm.commands.calibrate; print([m for m in ('torch', 'transformers') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
