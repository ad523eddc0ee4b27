"""`farm evaluate` as a user runs it: outputs, recorded annotations, a server, a name that is taken, wrong files."""

import json
from pathlib import Path

import pytest

from farm.commands.main import run_command
from farm.leaderboard.submissions import KIND
from farm.store.artifacts import Store
from tests.calls.server import judge_server
from tests.leaderboard.evaluation.recordings import annotation, write_rows

pytestmark = pytest.mark.slow

Out = pytest.CaptureFixture[str]
N = 30


def reference(path: Path) -> Path:
    rows = [
        {"instruction": f"Tell me of {k}.", "output": f"{k} is {k * k % 17} and so on.", "generator": "ref"}
        for k in range(N)
    ]
    return write_rows(path, rows)


def outputs(path: Path, text: str = "It is {k}, {s}.", **changes: object) -> Path:
    rows = [
        {"instruction": f"Tell me of {k}.", "output": text.format(k=k, s="so " * (k % 9)), "generator": "mine"}
        for k in range(N)
    ]
    return write_rows(path, [row | changes if k == 4 else row for k, row in enumerate(rows)])


def line(folder: Path, *more: str) -> list[str]:
    """A track of one's own, judged by length."""
    track = ["track=own", f"track.reference={reference(folder / 'reference.json')}", "annotator=longest"]
    return ["evaluate", *track, f"root={folder / 'runs'}", f"output={folder / 'out'}", "n_resamples=20", *more]


def result(folder: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads((folder / "out" / "evaluation.json").read_text())
    return content


def submissions(folder: Path) -> dict[str, bytes]:
    """Every file of every submission."""
    root = folder / "runs" / "artifacts" / KIND
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_outputs_are_judged_added_and_ranked(tmp_path: Path, capsys: Out) -> None:
    assert run_command(line(tmp_path, f"outputs={outputs(tmp_path / 'mine.json')}")) == 0
    # Of "K is S and so on." and "It is K, so so ... ." the longer wins: counted by hand in Python's own words.
    ours = [f"It is {k}, {'so ' * (k % 9)}." for k in range(N)]
    theirs = [f"{k} is {k * k % 17} and so on." for k in range(N)]
    wins = [(len(a) > len(b)) + (len(a) == len(b)) / 2 for a, b in zip(ours, theirs, strict=True)]
    content = result(tmp_path)
    assert content["win_rate"] == pytest.approx(sum(wins) / N)
    assert (content["name"], content["rank"], content["n_total"], content["n_unparsed"]) == ("mine", 1, N, 0)
    assert content["models"]["mine"]["win_rate"] == content["win_rate"]  # type: ignore[index]
    assert run_command(line(tmp_path, f"outputs={outputs(tmp_path / 'b.json', 'Hm {k}.')}", "name=short")) == 0
    assert result(tmp_path)["rank"] == 2
    assert "2 of 2" in capsys.readouterr().out


def test_a_taken_name_is_refused_and_replaced_when_that_is_said(tmp_path: Path, capsys: Out) -> None:
    first = line(tmp_path, f"outputs={outputs(tmp_path / 'mine.json')}")
    assert run_command(first) == 0
    before = submissions(tmp_path)
    assert run_command(first) == 0 and submissions(tmp_path) == before  # the same again is the same
    other = line(tmp_path, f"outputs={outputs(tmp_path / 'other.json', 'Quite another, {k}, {s}.')}")
    assert run_command(other) == 1
    assert "'mine' is on track own already" in capsys.readouterr().err
    assert submissions(tmp_path) == before
    assert result(tmp_path)["rank"] is None and result(tmp_path)["n_total"] == N  # measured all the same
    assert run_command([*other, "replace=true"]) == 0
    (artifact,) = Store(tmp_path / "runs").readable(KIND).artifacts
    assert artifact.key not in {name.split("/")[0] for name in before}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"output": ""}, "row 5, field `output`: is empty"),
        ({"output": None}, "row 5, field `output`: expected a valid string, got None"),
        ({"output": 5}, "row 5, field `output`: expected a valid string, got 5"),
        ({"instruction": "What?"}, "row 5, field `instruction`: none of the track's 30 instructions"),
        ({"input": "on Mars"}, "row 5, field `input`: the track asks this with another input"),
        ({"instruction": "Tell me of 2."}, "rows 3 and 5, field `instruction`: the same instruction twice"),
        ({"generator": "yours"}, "field `generator`: outputs of several models, mine, yours"),
    ],
)
def test_a_wrong_file_is_refused_with_row_and_field(
    tmp_path: Path, capsys: Out, changes: dict[str, object], sentence: str
) -> None:
    assert run_command(line(tmp_path, f"outputs={outputs(tmp_path / 'mine.json', **changes)}")) == 1
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out").exists() and submissions(tmp_path) == {}


def test_empty_outputs_are_taken_when_that_is_said(tmp_path: Path) -> None:
    path = outputs(tmp_path / "mine.json", output="")
    assert run_command(line(tmp_path, f"outputs={path}", "allow_empty=true")) == 0
    assert [f["check"] for f in result(tmp_path)["findings"]] == ["empty_outputs"]  # type: ignore[attr-defined]


def test_annotations_need_nothing_but_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_rows(tmp_path / "a" / "annotations.json.gz", [annotation(k, 1 + k % 2) for k in range(40)])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert run_command(["evaluate", f"annotations={path}", "track=alpaca_eval", f"output={tmp_path / 'out'}"]) == 0
    content = result(tmp_path)
    assert (content["win_rate"], content["n_total"], content["n_unparsed"]) == (0.5, 40, 0)
    # 20 ones and 20 zeros: variance 40/39/4, over 40.
    assert content["standard_error"] == pytest.approx((40 / 39 / 4 / 40) ** 0.5)
    assert 0 <= content["length_controlled_win_rate"] <= 1  # type: ignore[operator]


def test_too_few_annotations_have_no_length_controlled_figure_and_a_reason(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "annotations.json", [annotation(k, 1 + k % 2) for k in range(6)])
    command = ["evaluate", f"annotations={path}", "track=alpaca_eval", f"output={tmp_path / 'out'}", "root=null"]
    assert run_command(command) == 0
    content = result(tmp_path)
    assert content["length_controlled_win_rate"] is None and content["length_controlled"]["reason"]  # type: ignore[index]
    assert not (tmp_path / "runs").exists()


def test_other_instructions_under_one_track_are_refused(tmp_path: Path, capsys: Out) -> None:
    assert run_command(line(tmp_path, f"outputs={outputs(tmp_path / 'mine.json')}")) == 0
    rows = [annotation(k, 2, annotator="longest", generator_1="ref", generator_2="new") for k in range(20)]
    path = write_rows(tmp_path / "annotations.json", rows)
    track = ["track=own", f"root={tmp_path / 'runs'}", f"output={tmp_path / 'out'}"]
    assert run_command(["evaluate", f"annotations={path}", *track]) == 1
    assert "these are other instructions" in capsys.readouterr().err


def test_a_server_answers_once_and_only_where_it_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "planted-key-0123456789")
    with judge_server(answer=lambda text: f"An answer to {text}") as server:
        asked = line(tmp_path, f"server={server.base_url}", "model=scripted")
        assert run_command(asked) == 1
        assert "nothing was sent" in capsys.readouterr().err and not server.answered
        allowed = [*asked, f"allow_host={server.base_url.removesuffix('/v1')}"]
        assert run_command([*allowed, "budget_calls=7"]) == 1 and len(server.answered) == 7
        assert submissions(tmp_path) == {}
        assert run_command(allowed) == 0 and len(server.answered) == N
        assert run_command(allowed) == 0 and len(server.answered) == N
    assert (result(tmp_path)["name"], result(tmp_path)["origin"]) == ("scripted", "server")


def test_a_line_that_says_too_little_is_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    monkeypatch.chdir(tmp_path)
    for words, sentence in (
        (["track=own"], "one of outputs=, annotations=, policy=, server="),
        (["outputs=a.json", "annotations=b.json", "track=own"], "given: outputs, annotations"),
        (["outputs=a.json"], "say which, track=NAME"),
        (["server=http://localhost:1/v1", "track=own"], "say which model the server is asked for"),
        (["outputs=a.json", "track=own", "track.weights=w.csv"], "weights say nothing without difficulty"),
    ):
        assert run_command(["evaluate", *words]) == 2
        assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_track_of_ones_own_that_is_no_yaml_is_named_with_the_place(tmp_path: Path, capsys: Out) -> None:
    (tmp_path / "track").mkdir()
    (tmp_path / "track" / "mine.yaml").write_text("title: [\n")
    assert run_command(["evaluate", "outputs=x.json", "track=mine", f"conf_dir={tmp_path}"]) == 2
    assert "mine.yaml: is no YAML from line 2" in capsys.readouterr().err
