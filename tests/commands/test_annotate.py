"""`farm annotate` as a user runs it: real files, a real HTTP server that misbehaves, and a kill half way."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from farm.commands.main import run_command
from farm.data.files.rows import Row, read_rows
from tests.calls.server import judge_server
from tests.forked import MAIN, Forked, run_forked
from tests.judges.evaluators import write_evaluator
from tests.paths import ROOT

pytestmark = pytest.mark.slow

MEASURED = {"latency_seconds", "n_cached_prompt_tokens", "cost_usd"}
"""What a server takes for the same reply differs from time to time."""
KEY = "sk-planted-0123456789abcdef"
STORM = {
    "429": 0.06, "429_retry_after": 0.02, "500": 0.06, "503": 0.04, "reset": 0.04, "truncated_json": 0.04,
    "empty_choice": 0.03, "empty_text": 0.03, "refusal": 0.03, "other_format": 0.03, "wrong_count": 0.03,
    "not_json": 0.02, "echo_key": 0.01,
}  # fmt: skip


def pairs(n: int) -> list[Row]:
    return [
        {"instruction": f"Question {k}?", "input": "context" if k % 3 == 0 else "", "output_1": f"answer {k}",
         "output_2": f"reply {k}", "generator_1": "A", "generator_2": "B", "number": k}
        for k in range(n)
    ]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    (tmp_path / "pairs.json").write_text(json.dumps(pairs(60)))
    return tmp_path


def farm(folder: Path, *arguments: str, base_url: str = "http://127.0.0.1:9/v1", name: str = "out.json") -> int:
    os.environ["OPENAI_BASE_URL"] = base_url  # undone with the environment that `folder` has patched
    given = {argument.split("=")[0] for argument in arguments}
    defaults = {"input": folder / "pairs.json", "output": folder / name, "root": folder / "runs"}
    line = [f"{key}={value}" for key, value in defaults.items() if key not in given]
    return run_command(["annotate", *line, *arguments])


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "")


def test_a_storm_of_faults_leaves_every_row_with_a_verdict_or_a_reason(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with judge_server(faults=STORM, retry_after=0.05) as server:
        quick = ("calls.max_wait_seconds=20", "calls.timeout_seconds=5")
        assert farm(folder, "annotator=pool", *quick, base_url=server.base_url) == 0
        rows = read_rows(folder / "out.json")
        assert [row["number"] for row in rows] == list(range(60))
        assert all(row["preference"] in (1, 2) or row["unparsed_reason"] for row in rows)
        parsed = [row for row in rows if row["preference"] is not None]
        assert len(parsed) >= 40
        assert all(row["judge"] and row["first_shown"] in (1, 2) and row["raw_reply"] for row in parsed)
        # A reply that could not be read was a reply: only those are asked for again, alone and in other words.
        assert server.n_asked_again == 0
        n_before = len(server.requests)
        printed = capsys.readouterr()
        assert re.search(r"pool: 60 comparisons", printed.out) and "people: $18.00 and 0.6 h" in printed.out
        # What was answered with a verdict is never asked again; what failed is, and now succeeds more often.
        assert farm(folder, "annotator=pool", *quick, base_url=server.base_url, name="again.json") == 0
        assert server.n_asked_again == 0
        again = read_rows(folder / "again.json")
        assert len(server.requests) - n_before <= 3 * (60 - len(parsed)) + 30
        for row, other in zip(rows, again, strict=True):
            if row["preference"] is not None:
                assert other == row
    for path in folder.rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes(), path
    assert KEY not in printed.out + printed.err


def test_a_run_without_any_verdict_is_a_failure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with judge_server(answer=lambda _: "I would rather not say.") as server:
        assert farm(folder, "annotator=greedy", base_url=server.base_url) == 3
    assert all(row["preference"] is None for row in read_rows(folder / "out.json"))
    assert "farm: warning: greedy: none of 60 comparisons got a verdict; most often:" in capsys.readouterr().err


def test_a_second_run_makes_no_call_and_neither_does_other_noise(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with judge_server() as server:
        assert farm(folder, "annotator=pool", base_url=server.base_url) == 0
        n = len(server.requests)
        capsys.readouterr()
        assert farm(folder, "annotator=pool", base_url=server.base_url, name="b.parquet") == 0
        assert "0 calls" in capsys.readouterr().out
        assert farm(folder, "annotator=pool_eval", base_url=server.base_url, name="c.json") == 0
        assert farm(folder, "annotator=pool", "annotator.noise.0.flip_prob=0.5", base_url=server.base_url) == 0
        assert farm(folder, "annotator=pool", "noise=none", base_url=server.base_url, name="d.json") == 0
        assert farm(folder, "annotator=pool", "noise=label_flip", base_url=server.base_url, name="e.json") == 0
        assert len(server.requests) == n
    clean = [row["preference"] for row in read_rows(folder / "c.json")]
    assert clean == [row["clean_preference"] for row in read_rows(folder / "out.json")]
    assert clean == [row["preference"] for row in read_rows(folder / "d.json")]
    assert any(row["is_noised"] for row in read_rows(folder / "b.parquet"))
    assert clean == [row["clean_preference"] for row in read_rows(folder / "e.json")]
    assert {row["annotator"] for row in read_rows(folder / "e.json")} == {"pool+label_flip"}


def test_a_kill_half_way_costs_no_more_than_what_was_in_flight(folder: Path) -> None:
    (folder / "pairs.json").write_text(json.dumps(pairs(300)))
    with judge_server(latency=0.03) as server:
        line = [
            "annotate", "annotator=greedy", f"input={folder / 'pairs.json'}", f"output={folder / 'out.json'}",
            f"root={folder / 'runs'}", "calls.concurrency=8", "chunk_rows=40",
        ]  # fmt: skip
        environment = {**os.environ, "OPENAI_BASE_URL": server.base_url}
        with Forked(MAIN, *line, env=environment) as process:
            deadline = time.monotonic() + 60
            while len(server.requests) < 120 and time.monotonic() < deadline:
                time.sleep(0.01)
            process.kill_all()
        assert 120 <= len(server.requests) < 290 and not (folder / "out.json").exists()
        assert list(folder.glob("*")) and run_forked(MAIN, *line, env=environment).returncode == 0
        assert server.n_asked_again <= 16  # eight in flight, eight on their way into the cache
    with judge_server() as server:
        assert (
            farm(folder, "annotator=greedy", "root=" + str(folder / "other"), base_url=server.base_url, name="b.json")
            == 0
        )
    timeless = [
        [{k: v for k, v in row.items() if k not in MEASURED} for row in read_rows(folder / name)]
        for name in ("out.json", "b.json")
    ]
    assert timeless[0] == timeless[1] and len(timeless[0]) == 300


def test_ctrl_c_is_clean_and_keeps_what_was_answered(folder: Path) -> None:
    (folder / "out.json").write_text("old")
    with judge_server(latency=0.1) as server:
        line = [
            "annotate", "annotator=greedy", f"input={folder / 'pairs.json'}", f"output={folder / 'out.json'}",
            f"root={folder / 'runs'}", "calls.concurrency=4",
        ]  # fmt: skip
        with Forked(MAIN, *line, env={**os.environ, "OPENAI_BASE_URL": server.base_url}) as process:
            deadline = time.monotonic() + 60
            while len(server.requests) < 20 and time.monotonic() < deadline:
                time.sleep(0.01)
            process.interrupt()
            returncode, _, error = process.done(timeout=20)
        assert returncode == 130
        assert "stopped" in error and "Traceback" not in error
        assert (folder / "out.json").read_text() == "old"
        assert farm(folder, "annotator=greedy", base_url=server.base_url) == 0
        assert server.n_asked_again <= 4


def test_a_budget_stops_cleanly_and_a_larger_one_goes_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with judge_server() as server:
        both = ("annotator=greedy", "presentation@annotator.presentation=both_orders")
        assert farm(folder, *both, "budget_calls=50", base_url=server.base_url) == 1
        assert len(server.requests) == 50
        error = capsys.readouterr().err
        assert "budget_calls=50" in error and "run the same command again" in error and "Traceback" not in error
        rows = read_rows(folder / "out.json")
        assert len(rows) == 60
        missing = [row for row in rows if row["preference"] is None]
        assert len(missing) >= 35  # 120 questions, 50 answers: at most 25 rows have both of theirs
        assert all("not asked: budget_calls=50 is spent" in str(row["unparsed_reason"]) for row in missing)
        assert farm(folder, *both, "budget_calls=100", base_url=server.base_url) == 0
        assert len(server.requests) == 120 and server.n_asked_again == 0
        assert all(row["preference"] is not None for row in read_rows(folder / "out.json"))


def test_a_dry_run_sends_nothing_and_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with judge_server() as server:
        assert farm(folder, "annotator=greedy", "dry_run=true", base_url=server.base_url) == 0
        printed = capsys.readouterr().out
        assert "60 calls would be made, 0 answered from the cache" in printed and "at most $" in printed
        assert server.requests == [] and sorted(p.name for p in folder.iterdir()) == ["pairs.json"]
        farm(folder, "annotator=greedy", "budget_calls=20", base_url=server.base_url)
        capsys.readouterr()
        assert farm(folder, "annotator=greedy", "dry_run=true", "output=null", base_url=server.base_url) == 0
        assert "40 calls would be made, 20 answered from the cache" in capsys.readouterr().out


def test_an_evaluator_of_alpaca_eval_runs_as_it_is(folder: Path) -> None:
    evaluator = write_evaluator(folder / "my_evaluator")
    with judge_server(answer=lambda _text: "Output (a)") as server:
        assert farm(folder, "annotator=alpaca_eval", f"evaluator={evaluator}", base_url=server.base_url) == 0
        assert {request.body["model"] for request in server.requests} == {"judge-1"}
    rows = read_rows(folder / "out.json")
    # A judge that always takes the first output it is shown:
    assert all(row["preference"] == row["first_shown"] for row in rows)
    assert {row["first_shown"] for row in rows} == {1, 2}


def test_judge_model_sets_the_model_of_every_prompted_judge(folder: Path) -> None:
    with judge_server() as server:
        assert farm(folder, "annotator=pool", "judge_model=mine", base_url=server.base_url) == 0
        assert {request.body["model"] for request in server.requests} == {"mine"}
    assert len({row["judge"] for row in read_rows(folder / "out.json")}) == 13


def test_a_wrong_key_ends_at_once_with_one_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with judge_server(faults={"401": 1.0}) as server:
        assert farm(folder, "annotator=greedy", "calls.concurrency=4", base_url=server.base_url) == 1
        assert len(server.requests) <= 8
    error = capsys.readouterr().err
    assert "OPENAI_API_KEY" in error and "Traceback" not in error and KEY not in error
    assert not (folder / "out.json").exists()


def test_annotators_that_ask_nobody_open_no_cache_and_import_no_client(folder: Path) -> None:
    code = (
        "import sys; from farm.commands.main import run_command; "
        f"code = run_command(['annotate', 'annotator=longest', 'input={folder / 'pairs.json'}', "
        f"'output={folder / 'out.json'}', 'root={folder / 'runs'}']); "
        "print(code, [m for m in ('openai', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"
    assert not (folder / "runs").exists()


def test_two_files_of_outputs_and_several_outputs_at_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        rows = [{"instruction": f"q{k}", "output": name * (k + (name == "b"))} for k in range(5 + (name == "b"))]
        (folder / f"{name}.json").write_text(json.dumps(rows))
    line = f"input=[{folder / 'a.json'},{folder / 'b.json'}]"
    assert farm(folder, "annotator=longest", line, f"output={folder / 'labels'}") == 0
    assert "1 of 6 outputs in" in capsys.readouterr().err
    frame = pd.read_parquet(folder / "labels.parquet")
    assert list(frame["preference"]) == [2.0] * 5 and list(frame["generator_2"]) == ["b"] * 5
    assert [row["preference"] for row in read_rows(folder / "labels.json")] == [2] * 5


def test_recorded_verdicts_are_replayed_from_a_file_in_either_order(folder: Path) -> None:
    recorded = [
        {**row, "annotator": "anna", "preference": [1, 1.5, 2, 1.25, None][k % 5]} for k, row in enumerate(pairs(50))
    ]
    for row in recorded[::2]:  # the other way round in the file
        row["output_1"], row["output_2"] = row["output_2"], row["output_1"]
    (folder / "recorded.jsonl").write_text("\n".join(json.dumps(row) for row in recorded))
    assert farm(folder, "annotator=recorded", f"annotator.file={folder / 'recorded.jsonl'}") == 0
    rows = read_rows(folder / "out.json")
    assert [row["preference"] for row in rows[:10]] == [2, 1.5, 1, 1, None, 1, 1.5, 2, 2, None]
    assert (rows[3]["p_first"], rows[8]["p_first"]) == (0.75, 0.25)
    assert rows[55]["unparsed_reason"] == "no recorded verdict for this comparison"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["output=null"], "say where the annotations go"),
        (["input=null"], "give a file of comparisons"),
        (["input=[a,b,c]"], "give a file of comparisons"),
        (["output=labels.xlsx"], "unknown format"),
        (["annotator=recorded"], r"annotator\.file: give the file"),
        (["annotator=local"], "local_model: is required here"),
        (["annotator=pol"], "did you mean `pool`"),
        (["chunk_rows=0"], "chunk_rows: expected at least 1, got 0"),
        (["annotator.presentation.n_samples=0"], "n_samples: expected at least 1, got 0"),
        (["annotator.weights.a=1"], r"\+annotator.weights.a="),
    ],
)
def test_what_is_wrong_with_the_command_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    rest = [] if any(a.startswith("annotator=") for a in arguments) else ["annotator=longest"]
    assert farm(folder, *rest, *arguments) == 2
    assert re.search(message, capsys.readouterr().err)


def test_the_input_is_not_overwritten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert farm(folder, "annotator=longest", f"output={folder / 'pairs.json'}") == 2
    assert "is the input" in capsys.readouterr().err


MEASURED_PEAKS = """
import resource, sys
from farm.commands.main import run_command
from farm.data import annotated_rows

annotated_rows.ROWS_PER_GROUP = 200
for size in ("small", "big"):
    line = [word.replace("SIZE", size) for word in sys.argv[1:]]
    assert run_command(line) == 0
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@pytest.mark.parametrize("ending", ["json", "jsonl", "parquet", "csv"])
def test_memory_does_not_grow_with_the_file(folder: Path, ending: str) -> None:
    for name, n in (("small", 200), ("big", 2600)):
        rows = [{**row, "output_1": f"{row['number']:09} " * 1000} for row in pairs(n)]  # of 10 kB
        path = folder / f"{name}.{ending}"
        if ending == "json":
            path.write_text(json.dumps(rows))
        elif ending == "jsonl":
            path.write_text("\n".join(json.dumps(row) for row in rows))
        elif ending == "csv":
            pd.DataFrame(rows).to_csv(path, index=False)
        else:
            pd.DataFrame(rows).to_parquet(path, row_group_size=200)
    files = (f"input={folder / 'SIZE'}.{ending}", f"output={folder / 'SIZE_out'}.{ending}")
    code = (sys.executable, "-c", MEASURED_PEAKS, "annotate", "annotator=longest", *files, "chunk_rows=50")
    done = subprocess.run(code, cwd=ROOT, capture_output=True, text=True, check=True)
    small, big = (float(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("peak"))
    assert big < small + 12  # 24 MB more text


@pytest.mark.parametrize("model", ["plain", "gpt-9.5", "org/Model-1.5-B", "llama3.1:8b"])
def test_the_hint_how_to_give_a_price_works_as_it_is_printed(
    folder: Path, capsys: pytest.CaptureFixture[str], model: str
) -> None:
    line = ("annotator=greedy", f"judge_model={model}", "dry_run=true")
    assert farm(folder, *line) == 0
    (hint,) = re.findall(r"'(\+calls\.prices=.*)'", capsys.readouterr().out)
    assert farm(folder, *line, hint) == 0
    printed = capsys.readouterr().out
    assert "at most $0.0" in printed and "no price is known" not in printed
