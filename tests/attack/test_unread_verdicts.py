"""A run in which too few verdicts could be read says so first, names why, and ends with exit code 3."""

import io
import json
import re
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from farm.commands.main import run_command
from farm.data.files.rows import read_rows
from tests.calls.server import Rule, judge_server

N = 20
HOSTILE = "It depends.\x1b[31m\u202e " * 20


@pytest.fixture
def pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-a-test-000000000000")
    rows = [{"instruction": f"Question {k}?", "output_1": f"answer {k}", "output_2": f"reply {k}"} for k in range(N)]
    (tmp_path / "pairs.json").write_text(json.dumps(rows))
    return tmp_path / "pairs.json"


def said_by(*line: str) -> tuple[int, list[str]]:
    """Exit code, and what the terminal shows, in its order."""
    shown = io.StringIO()
    with redirect_stdout(shown), redirect_stderr(shown):
        code = run_command(line)
    return code, [
        text for text in shown.getvalue().splitlines() if not text.startswith(("note:", "annotating", "asking"))
    ]


def annotating(pairs: Path, *more: str) -> list[str]:
    output = pairs.with_name("out.json")
    return [
        "annotate",
        f"input={pairs}",
        f"output={output}",
        f"root={pairs.parent / 'runs'}",
        "annotator=greedy",
        *more,
    ]


def rule(n_read: int) -> Rule:
    def answer(text: str) -> str:
        number = int(re.findall(r"Question (\d+)\?", text)[-1])
        return "Output (a)" if number < n_read else HOSTILE

    return answer


@pytest.mark.slow
@pytest.mark.parametrize(("n_read", "code"), [(0, 3), (9, 3), (10, 0), (N, 0)])
def test_the_share_decides(n_read: int, code: int, pairs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with judge_server(answer=rule(n_read)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        got, lines = said_by(*annotating(pairs))
    assert got == code
    assert len(read_rows(pairs.with_name("out.json"))) == N
    if code:
        few = "none of 20 comparisons got a verdict" if not n_read else f"{N - n_read} of 20 comparisons got no verdict"
        assert lines[0].startswith(f"farm: warning: greedy: {few}")
        assert lines[1].startswith(f"  {N - n_read}: no verdict in the reply, for example '...")
        assert len(lines[1]) < 200 and "\x1b" not in lines[1] and "\u202e" not in lines[1]
    assert any(line.startswith("greedy: 20 comparisons") for line in lines)


@pytest.mark.slow
def test_the_share_is_a_setting(pairs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with judge_server(answer=rule(15)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        assert said_by(*annotating(pairs, "calls.max_unparsed=0.2"))[0] == 3
        assert said_by(*annotating(pairs, "calls.max_unparsed=0.25"))[0] == 0
    code, lines = said_by(*annotating(pairs, "calls.max_unparsed=1.5"))
    assert code == 2 and "max_unparsed" in "".join(lines)


@pytest.mark.slow
def test_a_model_without_temperature_gives_verdicts(pairs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with judge_server(faults=lambda _number, body: "no_temperature" if "temperature" in body else "") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        code, lines = said_by(*annotating(pairs))
    assert code == 0 and sum("refuses temperature" in line for line in lines) <= 1
    assert all(row["preference"] in (1, 2) for row in read_rows(pairs.with_name("out.json")))


@pytest.mark.slow
def test_cut_replies_are_no_verdicts(pairs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with judge_server(faults=lambda _number, _body: "cut") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        code, lines = said_by(*annotating(pairs))
    assert code == 3 and "20: the reply was cut at max_tokens; raise the judge's max_tokens" in lines[1]


@pytest.mark.slow
def test_judges_and_calibrate_end_alike(pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {**row, "annotator": f"w{worker}", "annotator_kind": "human", "preference": 1 + (k + worker) % 2}
        for k, row in enumerate(read_rows(pairs))
        for worker in range(3)
    ]
    (tmp_path / "people.json").write_text(json.dumps(rows))
    root = f"root={tmp_path / 'runs'}"
    with judge_server(answer=rule(4)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        line = [f"input={tmp_path / 'people.json'}", f"output={tmp_path / 'judges'}", root, "annotators=[greedy]"]
        code, lines = said_by("judges", *line, "attacked_items=0", "n_resamples=20")
        assert code == 3 and lines[0].startswith("farm: warning: greedy: 32 of 40 comparisons got no verdict")
        assert (tmp_path / "judges" / "judges.json").is_file()
        line = [f"humans={tmp_path / 'people.json'}", "judge=greedy", "name=mine", root, f"output={tmp_path / 'fit'}"]
        code, lines = said_by("calibrate", *line, f"annotator_dir={tmp_path / 'conf'}")
        assert code == 3 and lines[0].startswith("farm: warning: greedy: 16 of 20 comparisons got no verdict"), lines


def test_the_exit_codes_stand_in_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["--help"]) == 0
    text = capsys.readouterr().out
    table = text[text.index("exit code ") :]
    assert [code for code in ("0", "1", "2", "3", "130") if re.search(rf"\s{code} \w", table)] == [
        "0",
        "1",
        "2",
        "3",
        "130",
    ]
    assert len(text.splitlines()) <= 40
