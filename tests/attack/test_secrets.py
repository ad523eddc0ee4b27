"""Planted secrets of five shapes: they reach the server that they were given for, and stand nowhere else.

`farm annotate`, `farm judges` and `farm run` ask a judge that repeats what it was sent wherever it can. Then every file
that was written, the terminal and the log are searched in every usual spelling. experiments/reliability.md has the
figures.
"""

import base64
import io
import json
import logging
import sqlite3
import zlib
from pathlib import Path

import pandas as pd
import pytest

from farm.calls.http.echoes import without_secret
from farm.labels.annotation_row import annotation_frame
from tests.analysis.judges.judge_tables import row
from tests.attack.echoing_server import MODES, EchoingServer, echoing_server, spellings
from tests.commands.little_data import run_on_little_data
from tests.commands.run_farm import Done, farm
from tests.judges.evaluators import LOGPROB, write_evaluator
from tests.judges.parsers.labelled_replies import parsed, read_rows

KEYS = {
    "plain": "sk-planted-9f8e7d6c5b4a3210",
    "patterns": r"k.(ey)*+[a-z]{2}|^$?\d-9f8e7d",
    "escapes": "quo\"ted\\key/</>&'\\u0041-9f8e7d",
}
TOKEN = "tenant-4711-path-token"
PASSWORD = "pass-word-of-the-url-815"
QUICK = ("calls.max_attempts=1", "calls.max_wait_seconds=0.2", "calls.timeout_seconds=10", "calls.concurrency=1")


class Evidence:
    """All that was written or said."""

    def __init__(self, folder: Path, log: pytest.LogCaptureFixture) -> None:
        self.folder, self.log = folder, log
        self.inputs = set(folder.rglob("*"))
        self.said: list[str] = []

    def add(self, done: Done) -> Done:
        self.said += [done.stdout, done.stderr]
        return done

    def texts(self) -> dict[str, bytes]:
        """Files and words by name, unpacked."""
        found = {"terminal": "\n".join(self.said).encode(), "log": self.log.text.encode()}
        for path in sorted(set(self.folder.rglob("*")) - self.inputs):
            if not path.is_file():
                continue
            name = str(path.relative_to(self.folder))
            found[name] = path.read_bytes()
            if path.suffix == ".parquet":
                found[f"{name}, read"] = pd.read_parquet(io.BytesIO(found[name])).to_csv().encode()
            if path.suffix == ".sqlite":
                found[f"{name}, read"] = b"\n".join(_unpacked(path))
        return found

    def occurrences(self, *secrets: str) -> list[tuple[str, str]]:
        """Where a secret stands, and how."""
        found = []
        for name, content in self.texts().items():
            for secret in secrets:
                forms = [form.encode() for form in spellings(secret)[:-3]]
                found += [(name, f.decode()) for f in forms if f.lower() in content.lower()]
                # Of base64 only what the secret alone determines: six bits are a character, eight a byte.
                for n_before in range(3):
                    core = base64.b64encode(b"x" * n_before + secret.encode() + b"!!").decode()
                    core = core[-(-8 * n_before // 6) : (8 * (n_before + len(secret.encode()))) // 6]
                    found += [(name, core)] if core.encode() in content else []
        return found


def _unpacked(path: Path) -> list[bytes]:
    with sqlite3.connect(path) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        cells = [cell for table in tables for line in connection.execute(f"SELECT * FROM {table}") for cell in line]
    texts = [str(cell).encode() for cell in cells if not isinstance(cell, bytes)]
    for cell in (cell for cell in cells if isinstance(cell, bytes)):
        try:
            texts.append(zlib.decompress(cell))
        except zlib.error:
            texts.append(cell)
    return texts


@pytest.fixture
def evidence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Evidence:
    caplog.set_level(logging.DEBUG)
    pairs = [{"instruction": f"Q{k}", "output_1": f"a{k}", "output_2": f"reply {k}"} for k in range(2 * len(MODES))]
    (tmp_path / "pairs.json").write_text(json.dumps(pairs))
    people = [row(str(k), "human", 1 if k % 4 else 2, outputs=("a longer answer", "short")) for k in range(8)]
    annotation_frame(people).to_csv(tmp_path / "labels.csv", index=False)
    settings = {"model_name": "m", "max_tokens": 1, "temperature": 1, "logprobs": True, "top_logprobs": 5}
    write_evaluator(
        tmp_path / "weighted",
        completions_kwargs=settings,
        fn_completion_parser="logprob_parser",
        completion_parser_kwargs=LOGPROB,
        completion_key="completions_all",
    )
    return Evidence(tmp_path, caplog)


def annotate(evidence: Evidence, *line: str) -> Done:
    folder = evidence.folder
    outputs = ",".join(str(folder / f"out.{ending}") for ending in ("json", "csv", "parquet"))
    common = (f"input={folder / 'pairs.json'}", f"output=[{outputs}]", f"root={folder / 'runs'}", "judge_model=m")
    return evidence.add(farm("annotate", *common, *QUICK, *line))


def point_to(server: EchoingServer, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.address}/{TOKEN}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", key)
    # Loopback is asked itself; nobody listens at this proxy.
    monkeypatch.setenv("HTTP_PROXY", f"http://me:{PASSWORD}@127.0.0.1:9")


def test_no_verdict_is_read_otherwise_because_a_key_was_cleared() -> None:
    """Keys of letters, digits and hyphens, as vendors give them, at eight places of labelled replies."""
    key = KEYS["plain"]
    for labelled in read_rows()[::25]:
        words = labelled.reply.split(" ")
        middle = " ".join([*words[: len(words) // 2], key, *words[len(words) // 2 :]])
        ends = [f"{key}{gap}{labelled.reply}" for gap in ("", " ", "\n")] + [
            f"{labelled.reply}{gap}{key}" for gap in ("", " ", "\n")
        ]
        for text in (middle, f"{labelled.reply}\nYour key is {key}.", *ends):
            cleared = without_secret(text, key)
            assert key not in cleared
            assert parsed(labelled._replace(reply=cleared)) == parsed(labelled._replace(reply=text)), text


@pytest.mark.slow
@pytest.mark.parametrize("shape", KEYS)
def test_a_key_that_the_judge_repeats_stands_nowhere(
    shape: str, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, folder = KEYS[shape], evidence.folder
    with echoing_server() as server:
        point_to(server, key, monkeypatch)
        assert annotate(evidence, "annotator=greedy", "calls.max_unparsed=1").returncode == 0
        assert server.n_by_mode.keys() == set(MODES) and server.stolen == []
        replies = [r for r in json.loads((folder / "out.json").read_text()) if r["preference"] is not None]
        assert len(replies) >= len(MODES) // 2 and any("***" in r["raw_reply"] for r in replies)
        server.n_asked = 0  # the first reply is one: a redirect at the beginning would stop the run
        annotate(evidence, "annotator=alpaca_eval", f"evaluator={folder / 'weighted'}")
        server.n_asked = 0
        judging = (f"input={folder / 'labels.csv'}", "annotators=[greedy]", f"output={folder / 'judged'}")
        more = (f"root={folder / 'runs'}", "judge_model=m", "attacked_items=2", "n_resamples=20")
        evidence.add(farm("judges", *judging, *more, *QUICK))
        assert (folder / "judged" / "judges.json").is_file()
        evidence.add(farm("cache", f"root={folder / 'runs'}"))
        evidence.add(farm("cache", "export", f"root={folder / 'runs'}", f"output={folder / 'calls.jsonl'}"))
        evidence.add(farm("annotate", "annotator=greedy", "judge_model=m", "--cfg", "job", "--resolve"))
        assert server.stolen == []
    assert len(evidence.texts()) >= 8
    assert evidence.occurrences(key, TOKEN, PASSWORD) == []


@pytest.mark.slow
def test_a_run_with_judges_keeps_no_secret(evidence: Evidence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = run_on_little_data(tmp_path)
    evidence.inputs |= set(tmp_path.rglob("*"))
    with echoing_server() as server:
        point_to(server, KEYS["plain"], monkeypatch)
        done = farm(*line, "annotator=greedy", "evaluation=prompted", "judge_model=m", *QUICK)
        evidence.add(done)
    manifests = list((tmp_path / "runs" / "artifacts" / "annotations").glob("*/manifest.json"))
    assert server.n_asked >= 10 and server.stolen == [] and manifests, done.stderr
    assert any("/***/v1" in manifest.read_text() for manifest in manifests)
    assert evidence.occurrences(KEYS["plain"], TOKEN, PASSWORD) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "key", "reason"),
    [
        (f"http://me:{PASSWORD}@127.0.0.1:9/v1", "sk-1", "user names, passwords"),
        (f"me:{PASSWORD}@127.0.0.1:9/v1", "sk-1", "user names, passwords"),
        ("http://127.0.0.1:9/v1", f"schl\u00fcssel-{PASSWORD}-\u6f22\u5b57", "characters that cannot be sent"),
    ],
)
def test_a_secret_in_an_address_or_one_that_cannot_be_sent_is_refused_unseen(
    address: str, key: str, reason: str, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    monkeypatch.setenv("OPENAI_API_KEY", key)
    done = annotate(evidence, "annotator=greedy")
    assert done.returncode in (1, 2) and reason in done.stderr
    evidence.add(farm("annotate", "annotator=greedy", "judge_model=m", "--cfg", "job", "--resolve"))
    assert evidence.occurrences(PASSWORD) == []


@pytest.mark.slow
def test_an_evaluator_chooses_no_server(evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = evidence.folder / "evil"
    with echoing_server() as server:
        write_evaluator(
            folder,
            completions_kwargs={"model_name": "m", "client_kwargs": {"base_url": f"{server.address}/{TOKEN}/v1"}},
        )
        evidence.inputs |= set(folder.rglob("*"))
        monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
        monkeypatch.setenv("OPENAI_API_KEY", KEYS["plain"])
        line = ("annotator=alpaca_eval", f"evaluator={folder}")
        for dry_run in ("false", "true"):
            refused = annotate(evidence, *line, f"dry_run={dry_run}")
            assert refused.returncode == 1 and refused.stderr.startswith(f"farm: {folder / 'configs.yaml'} would have")
            assert (
                f"given for http://127.0.0.1:9; nothing was sent; if that is meant, add allow_host={server.address}"
                in (refused.stderr)
            )
        assert server.n_asked == 0
        allowed = annotate(evidence, *line, f"allow_host={server.address}")
        assert "allow_host" not in allowed.stderr and server.n_asked > 0 and server.stolen == []
    assert evidence.occurrences(KEYS["plain"], TOKEN) == []
