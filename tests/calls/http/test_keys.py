"""Keys come from the environment and go to the endpoint, and nowhere else."""

import logging
import sqlite3
from pathlib import Path

import pytest

from farm.calls.http.keys import OPENAI_URL, address_of, base_url_of
from farm.calls.request import ModelSlot
from farm.calls.session import open_calls
from farm.errors import UserError
from tests.calls.asking import questions, settings, slot
from tests.calls.server import judge_server

PLANTED = "sk-planted-9f8e7d6c5b4a"


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PLANTED_KEY", PLANTED)
    return "PLANTED_KEY"


def test_the_key_reaches_the_endpoint_and_no_file_log_reply_or_error(
    planted: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    said = []

    def repeat_the_key(text: str) -> str:
        return f"Output (a), and your key is {PLANTED}"

    faults = ["echo_key", "500", "reset", "truncated", "refusal"]
    with judge_server(faults=faults, answer=repeat_the_key) as server:
        with open_calls(settings(tmp_path / "cache.sqlite")) as calls:
            where = slot(server.base_url, key=planted)
            said += [repr(calls.ask(questions(where, 1, start=i))) for i in range(5)]
            said += [repr(calls.report()), repr(where)]
        assert server.authorizations == {f"Bearer {PLANTED}"}
        with (
            pytest.raises(UserError) as stop,
            judge_server(faults={"401": 1.0}) as refusing,
            open_calls(settings(tmp_path / "cache.sqlite")) as calls,
        ):
            calls.ask(questions(slot(refusing.base_url, key=planted), 1))
    said += [str(stop.value), repr(address_of(where))]
    said += [record.getMessage() + repr(record.__dict__) for record in caplog.records]
    said += list(capfd.readouterr())
    assert "Authorization: ***" in said[0] or "Bearer ***" in said[0]
    assert [text for text in said if PLANTED in text] == []
    files = list(tmp_path.rglob("*"))
    assert any(file.name == "cache.sqlite" for file in files)
    assert [file for file in files if PLANTED.encode() in file.read_bytes()] == []
    with sqlite3.connect(tmp_path / "cache.sqlite") as connection:
        assert connection.execute("SELECT COUNT(*) FROM replies").fetchone() == (3,)  # two were refused


def test_openais_variables_mean_what_they_mean_to_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    anywhere = ModelSlot(model="gpt-4o-mini", kind="endpoint", base_url=None, api_key_variable="OPENAI_API_KEY")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert address_of(anywhere).base_url == OPENAI_URL
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:8000/v1/")
    assert address_of(anywhere).base_url == "http://localhost:8000/v1"
    assert address_of(slot("https://elsewhere.example/v1")).base_url == "https://elsewhere.example/v1"


def test_openai_without_a_key_is_refused_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("A_KEY_THAT_NOBODY_SET", raising=False)
    with open_calls(settings(None)) as calls, pytest.raises(UserError, match="A_KEY_THAT_NOBODY_SET holds no key"):
        calls.ask(questions(slot(OPENAI_URL), 1))


@pytest.mark.parametrize(
    ("base_url", "reason"),
    [
        ("localhost:8000/v1", "is no address"),
        ("ftp://host/v1", "is no address"),
        ("http://user:secret@host/v1", "user names, passwords"),
        ("http://host/v1?key=secret", "user names, passwords"),
    ],
)
def test_an_address_that_would_carry_a_secret_or_is_none_is_refused(base_url: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason) as refusal:
        base_url_of(slot(base_url))
    assert "secret" not in str(refusal.value)
