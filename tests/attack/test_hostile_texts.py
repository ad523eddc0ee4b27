"""Fifty hostile texts as names, instructions, outputs, columns and files, through what prints or writes: no effect."""

import io
import json
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from farm.analysis.sweep.answer import answer_text
from farm.analysis.sweep.sweep_report import write_report
from farm.calls.session import open_calls
from farm.config.checks import FieldError, check_name
from farm.leaderboard.checking import check_folder
from farm.leaderboard.files import write_leaderboard
from farm.leaderboard.making.build import BoardSettings, build_board
from farm.leaderboard.pages.terminal import short_ranking
from farm.leaderboard.stored import Stored
from farm.models.prompt_file import save_prompt
from farm.plain_text import plain_streams, say
from tests.analysis.calibration.test_fit_and_check import made_up
from tests.analysis.sweep.test_answer import swept
from tests.attack.hostile_texts import (
    HOSTILE,
    effects,
    effects_in_csv,
    effects_in_html,
    effects_in_markdown,
)
from tests.calls.asking import questions, settings, slot
from tests.calls.server import judge_server
from tests.commands.run_farm import Done, farm
from tests.commands.test_score import PROMPT
from tests.leaderboard.made_data import POND, entry, made
from tests.tiny import tiny_reward_model

READERS = {".md": effects_in_markdown, ".html": effects_in_html, ".csv": effects_in_csv, ".yaml": effects}


def clean(done: Done) -> Done:
    assert "Traceback" not in done.stderr, done.stderr
    assert effects(done.stdout) == [] and effects(done.stderr) == [], (done.stdout, done.stderr)
    return done


def assert_clean_files(folder: Path, *, kinds: Sequence[str] = (".md", ".html", ".csv")) -> None:
    """Every report in the folder, pictures' metadata too; there is one of each kind at least."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    assert set(kinds) <= {path.suffix for path in files}
    for path in files:
        if path.suffix in READERS:
            assert READERS[path.suffix](path.read_text("utf-8")) == [], path
        if path.suffix == ".png":
            content = path.read_bytes()
            assert b"tEXt" not in content and b"iTXt" not in content and b"eXIf" not in content, path


def table(path: Path, rows: Sequence[dict[str, object]]) -> Path:
    path.write_text(json.dumps(rows))  # halves of surrogate pairs as \u escapes, as files have them
    return path


def pairs() -> list[dict[str, object]]:
    return [
        {"instruction": f"{text} question {k}", "input": text, "output_1": f"{text} a", "output_2": f"longer {text} b",
         "generator_1": text, "generator_2": "other", "dataset": text, f"column {text}": text}
        for k, text in enumerate(HOSTILE)
    ]  # fmt: skip


def labels(kind: str, n_judges: int) -> list[dict[str, object]]:
    """Every hostile text as a model against a common one, and some as annotators."""
    return [
        {"instruction": f"question {k} {text}", "output_1": f"a {k} {i}", "output_2": f"b {k} {text}",
         "generator_1": text, "generator_2": "common", "annotator": HOSTILE[(i + k * n_judges + j) % len(HOSTILE)],
         "annotator_kind": kind, "preference": 1 + (i + k + j) % 2, "dataset": text}
        for i, text in enumerate(HOSTILE) for k in range(2) for j in range(n_judges)
    ]  # fmt: skip


def test_there_are_fifty() -> None:
    assert len(set(HOSTILE)) == 50
    assert sum(bool(effects(text)) for text in HOSTILE) >= 25


@pytest.mark.slow
def test_annotate(tmp_path: Path) -> None:
    source = table(tmp_path / "pairs.json", pairs())
    line = ("annotate", f"input={source}", f"root={tmp_path}", "annotator=longest", f"output={tmp_path / 'out.json'}")
    assert clean(farm(*line)).returncode == 0
    for k in (0, 6, 13, 16):  # as names of files that are no comparisons
        name = HOSTILE[k].replace("/", "")
        named = tmp_path / f"{name}{k}.json"
        named.write_text("[{" + f'"instruction": 1, "{k}": 2' + "}]")
        quoted = str(named).replace("\\", "\\\\").replace("'", "\\'")
        clean(farm("annotate", f"input='{quoted}'", "annotator=longest", f"output={tmp_path / 'o.json'}"))


@pytest.mark.slow
def test_errors_of_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = table(tmp_path / "pairs.json", pairs()[:4])
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
    everything = " ".join(text for text in HOSTILE if "\ud83d" not in text)
    for text in (everything, HOSTILE[13]):
        with judge_server(answer=lambda _, text=text: text) as server:
            monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
            line = ["annotate", f"input={source}", "annotator=greedy", f"output={tmp_path / 'out.json'}"]
            done = clean(farm(*line, f"root={tmp_path / str(ord(text[0]))}", "judge_model=m"))
            assert done.returncode != 0


def test_cache(tmp_path: Path) -> None:
    models = [text for text in HOSTILE if "\ud83d" not in text]  # SQLite has UTF-8 only
    with judge_server() as server, open_calls(settings(tmp_path / "calls.sqlite")) as calls:
        calls.ask([q for text in models for q in questions(replace(slot(server.base_url), model=text), 1)])
    assert len(clean(farm("cache", f"root={tmp_path}")).stdout.splitlines()) == len(models) + 3


def test_leaderboard(tmp_path: Path) -> None:
    tracks = [replace(POND, name=text, title=text, reference=text) for text in HOSTILE[:5]]
    named = [
        replace(entry(str(k)), track=HOSTILE[k % 5], name=text, feedback=text, base=text, notes=(text,))
        for k, text in enumerate(HOSTILE)
    ]
    data = made({of: ["W", "L", "T"] for of in named}, tracks=tracks)
    stored = Stored(data=data, settings=BoardSettings(n_resamples=5, seed=0))
    board = build_board(data, stored.settings, tmp_path)
    write_leaderboard(stored, board, tmp_path)
    assert_clean_files(tmp_path, kinds=(".md", ".csv"))
    assert check_folder(tmp_path, data) == []
    with redirect_stdout(io.StringIO()) as printed:
        for line in short_ranking(board):
            say(line)
    assert effects(printed.getvalue()) == []


@pytest.mark.slow
def test_a_sweep(tmp_path: Path) -> None:
    result = swept({text: 0.2 + 0.01 * k for k, text in enumerate(HOSTILE) if "\ud83d" not in text})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the font has no signs for some scripts
        files = write_report(result, tmp_path, {})
    assert_clean_files(tmp_path)
    with redirect_stdout(io.StringIO()) as printed, plain_streams():
        print(answer_text(result, files))
    assert effects(printed.getvalue()) == []


@pytest.mark.slow
def test_compare(tmp_path: Path) -> None:
    people, judge = table(tmp_path / "h.json", labels("human", 2)), table(tmp_path / "s.json", labels("llm", 1))
    line = ("compare", f"humans={people}", f"simulated={judge}", f"output={tmp_path / 'out'}", "report.n_resamples=10")
    assert clean(farm(*line)).returncode == 0
    assert_clean_files(tmp_path / "out", kinds=(".md", ".html"))


@pytest.mark.slow
def test_judges(tmp_path: Path) -> None:
    """People and judges with hostile names on items with hostile texts."""
    rows = [
        {"instruction": f"question {k} {text}", "output_1": f"a {text}", "output_2": f"longer b {k}", "dataset": text,
         "annotator": name, "annotator_kind": kind, "preference": 1 + (k + j) % 2}
        for k, text in enumerate(HOSTILE)
        for kind, names in (("human", ("h1", HOSTILE[k - 1])), ("llm", HOSTILE))
        for j, name in enumerate(names)
    ]  # fmt: skip
    source = table(tmp_path / "labels.json", rows)
    line = ("judges", f"input={source}", f"output={tmp_path / 'out'}", "n_resamples=10", "attacked_items=0")
    assert clean(farm(*line, f"root={tmp_path / 'runs'}")).returncode == 0
    assert_clean_files(tmp_path / "out")


@pytest.mark.slow
@pytest.mark.parametrize("judge", [HOSTILE[0], "${oc.env:HOME} \\${x}\n_target_: os.system", HOSTILE[37]])
def test_calibrate(judge: str, tmp_path: Path) -> None:
    frame = made_up(40)
    frame.loc[frame["annotator_kind"] == "llm", "annotator"] = judge
    workers = sorted(set(frame[frame["annotator_kind"] == "human"]["annotator"]))
    frame["annotator"] = frame["annotator"].replace(dict(zip(workers, HOSTILE, strict=False)))
    frame.to_json(source := tmp_path / "labels.json", orient="records")
    line = ["calibrate", f"humans={source}", f"judge={source}", "name=mine", f"output={tmp_path / 'out'}"]
    more = ["n_folds=2", "n_simulations=2", "n_resamples=10", f"annotator_dir={tmp_path / 'conf'}"]
    assert clean(farm(*line, *more)).returncode == 0
    assert_clean_files(tmp_path, kinds=(".md", ".html", ".yaml"))
    written = OmegaConf.to_container(OmegaConf.load(tmp_path / "conf" / "mine.yaml"), resolve=True)
    assert isinstance(written, dict) and set(written) == {"_target_", "name", "arm", "clean", "noise"}
    assert written["clean"]["annotator_in_file"] == judge and "Noised" in written["_target_"]


@pytest.mark.slow
def test_score(tmp_path: Path) -> None:
    tiny_reward_model(tmp_path / "reward_model")
    save_prompt(PROMPT, tmp_path / "reward_model")
    rows = [{"instruction": text, "output": f"{text} a", "generator": text} for text in HOSTILE]
    source = table(tmp_path / "outputs.json", rows)
    line = ("score", f"reward_model={tmp_path / 'reward_model'}", "device=cpu", "threads=1")
    clean(farm(*line, f"input={source}", f"output={tmp_path / 'scores.json'}"))
    judged = table(tmp_path / "pairs.json", labels("human", 1))
    clean(farm(*line, f"pairs={judged}", f"output={tmp_path / 'out'}"))
    assert_clean_files(tmp_path, kinds=(".md", ".html"))


@pytest.mark.parametrize(
    "name",
    ["../../../X", "/tmp/X", "a/b/../../c", "x" * 300, "CON", "nul.txt", ".", "..", "", " x", "x.", "a\x1bb",
     "a\u202eb", "a\nb", "c:\\x", "a\0b", "half \ud83d"],
)  # fmt: skip
def test_names_that_become_folders(name: str) -> None:
    with pytest.raises(FieldError) as caught:
        check_name("name", name)
    assert list(caught.value.reasons) == ["name"] and effects(str(caught.value)) == []


@pytest.mark.slow
def test_runs_with_names_that_are_paths_start_nothing(tmp_path: Path) -> None:
    for name in ("../../../X",):
        done = clean(farm("run", "-m", "method=sft", "annotator=crowd", "seed=0", f"name={name}", f"root={tmp_path}"))
        assert done.returncode == 2 and "  name: expected the name of one folder" in done.stderr
        done = clean(farm("calibrate", "humans=x.csv", "judge=longest", f"name={name}", f"annotator_dir={tmp_path}"))
        assert done.returncode == 2 and "  name: expected" in done.stderr
    assert list(tmp_path.iterdir()) == []
