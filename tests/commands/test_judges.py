"""`farm judges` as a user runs it: recorded verdicts, annotators asked over HTTP, a budget, wrong command lines."""

import csv
import json
from pathlib import Path

import pytest

from farm.commands.main import run_command
from farm.labels.annotation_row import AnnotationRow, annotation_frame
from tests.analysis.judges.judge_tables import row
from tests.calls.server import judge_server
from tests.judges.test_over_http import rule

pytestmark = pytest.mark.slow

KEY = "planted-key-0123456789"


def table(path: Path, rows: list[AnnotationRow]) -> Path:
    annotation_frame(rows).to_csv(path, index=False)
    return path


def people(n: int) -> list[AnnotationRow]:
    """Three of four times the longer output is the better one."""
    return [row(str(k), "human", 1 if k % 4 else 2, outputs=("a longer answer", "short")) for k in range(n)]


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with judge_server(answer=rule) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        yield server


def test_annotators_are_asked_in_both_orders_and_attacked(tmp_path: Path, endpoint) -> None:  # type: ignore[no-untyped-def]
    out = tmp_path / "out"
    command = [
        "judges",
        f"input={table(tmp_path / 'labels.csv', people(12))}",
        "annotators=[greedy,longest]",
        f"output={out}",
        f"root={tmp_path / 'runs'}",
        "judge_model=scripted",
        "+calls.prices.scripted={input_usd: 1, cached_input_usd: 1, output_usd: 2}",
        "attacked_items=3",
        "n_resamples=50",
    ]
    assert run_command(command) == 0
    content = json.loads((out / "judges.json").read_text())
    by_name = {(judge["judge"], judge["kind"]): judge for judge in content["judges"]}
    greedy = by_name["greedy", "asked"]
    # The scripted model prefers the longer output whatever the order, so it is the baseline `longest`.
    assert (
        greedy["figures"]["agreement"]["value"] == 0.75 == by_name["longest", "asked"]["figures"]["agreement"]["value"]
    )
    assert greedy["figures"]["conflict"]["value"] == 0 and greedy["figures"]["unparsed"]["value"] == 0
    assert greedy["figures"]["usd_per_1000"]["value"] > 0
    assert greedy["attacks"]["padding"]["value"] == 1 and greedy["attacks"]["padding"]["n"] == 6
    assert (
        content["baselines_beaten"]["greedy"] == ["shortest"] or "longest" not in content["baselines_beaten"]["greedy"]
    )
    assert (out / "judges.png").stat().st_size > 10_000
    # 12 items and 6 attacks on 3 of them, in both orders; a second run asks nothing.
    n_asked = len(endpoint.answered)
    assert n_asked == 2 * (12 + 6 * 3)
    assert run_command(command) == 0
    assert len(endpoint.answered) == n_asked
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


def test_a_budget_ends_the_run_without_a_report(
    tmp_path: Path,
    endpoint,  # type: ignore[no-untyped-def]
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["judges", f"input={table(tmp_path / 'l.csv', people(12))}", "annotators=[greedy]", "attacked_items=0"]
    command += [f"output={tmp_path / 'out'}", f"root={tmp_path / 'runs'}", "judge_model=scripted"]
    assert run_command([*command, "budget_calls=10"]) == 1
    assert "Everything paid for is kept" in capsys.readouterr().err
    assert not (tmp_path / "out").exists() and len(endpoint.answered) == 10
    assert run_command(command) == 0
    assert len(endpoint.answered) == 24


def test_noise_is_put_on_the_same_verdicts(tmp_path: Path, endpoint) -> None:  # type: ignore[no-untyped-def]
    command = ["judges", f"input={table(tmp_path / 'l.csv', people(12))}", "annotators=[greedy]", "attacked_items=0"]
    command += [f"output={tmp_path / 'out'}", f"root={tmp_path / 'runs'}", "judge_model=scripted", "n_resamples=50"]
    asked = {}
    for noise in ("none", "label_flip"):
        assert run_command([*command, f"noise={noise}"]) == 0
        asked[noise] = len(endpoint.answered)
        judges = [line["judge"] for line in csv.DictReader((tmp_path / "out" / "judges.csv").open())]
        assert f"greedy+{noise}" in judges
    assert asked["none"] == asked["label_flip"] >= 12


def test_a_dry_run_counts_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = table(tmp_path / "labels.csv", people(12))
    command = ["judges", f"input={labels}", "annotators=[greedy]", "dry_run=true", f"output={tmp_path / 'out'}"]
    assert run_command([*command, f"root={tmp_path / 'runs'}", "attacked_items=3"]) == 0
    assert "60 calls would be made" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labels.csv"]


def test_recorded_judges_without_any_endpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    orders = ((k, order) for k in range(12) for order in ("AB", "BA"))
    judged = [row(str(k), f"judge/{order}", 1, outputs=("a longer answer", "short")) for k, order in orders]
    labels = table(tmp_path / "labels.csv", [*people(12), *judged])
    out = tmp_path / "out"
    assert run_command(["judges", f"input={labels}", f"output={out}", "attacks.padding=null", "n_resamples=50"]) == 0
    lines = {line["judge"]: line for line in csv.DictReader((out / "judges.csv").open())}
    assert lines["judge"]["kind"] == "recorded" and float(lines["judge"]["agreement"]) == 0.75
    assert "attack:padding" not in lines["judge"] and "attack:null_model" in lines["judge"]
    assert str(out / "judges.png") in capsys.readouterr().out


def test_a_run_in_which_no_verdict_could_be_read_is_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    judged = [row(str(k), "judge", None, outputs=("a longer answer", "short")) for k in range(12)]
    labels = table(tmp_path / "labels.csv", [*people(12), *judged])
    given = ["judges", f"input={labels}", f"output={tmp_path / 'out'}", "n_resamples=50"]
    assert run_command(given) == 3
    assert "farm: warning: no verdict of judge could be read (12 asked)" in capsys.readouterr().err
    assert (tmp_path / "out" / "judges.md").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "input: is required"),
        (["input=nothing.csv"], 1, "nothing.csv: no such file"),
        (["input={labels}"], 1, "no recorded verdicts of a judge, and no annotator is to be asked"),
        (["input={labels}", "annotators=[greddy,pol]"], 2, "annotators: no choice 'greddy'; did you mean `greedy`?"),
        (["input={labels}", "annotators=[local]"], 2, "local_model: is required"),
        (["input={labels}", "baselines=[longer]"], 2, "baselines[0]: input should be 'longest'"),
        (["input={labels}", "repetitions=0"], 2, "repetitions: expected at least 1, got 0"),
        (["input={labels}", "same_judge='('"], 2, "is no regular expression"),
        (["input={labels}", "attacks.padding.txt=x"], 2, "unknown key; did you mean `attacks.padding.text`?"),
    ],
)
def test_what_is_wrong_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    labels = table(tmp_path / "labels.csv", people(4))
    given = [argument.replace("{labels}", str(labels)) for argument in arguments]
    assert run_command(["judges", *given, f"output={tmp_path / 'out'}", f"root={tmp_path / 'runs'}"]) == code
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
