"""Keys come from the environment and go to the endpoint, and nowhere else."""

import logging
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from farm.calls.http.hosts import OPENAI_URL
from farm.calls.http.keys import address_of
from farm.calls.request import ModelSlot
from farm.calls.session import open_calls
from farm.errors import UserError
from tests.calls.asking import questions, settings, slot
from tests.calls.server import Server, judge_server

PLANTED = "sk-planted-9f8e7d6c5b4a"


def host_of(server: Server) -> str:
    return server.base_url.removesuffix("/v1")


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("PLANTED_API_KEY", PLANTED)
    return "PLANTED_API_KEY"


def test_the_key_reaches_the_endpoint_and_no_file_log_reply_or_error(
    planted: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    said = []

    def repeat_the_key(text: str) -> str:
        return f"Output (a), and your key is {PLANTED}"

    faults = ["echo_key", "500", "reset", "truncated", "refusal"]
    with judge_server(faults=faults, answer=repeat_the_key) as server:
        allowed = settings(tmp_path / "cache.sqlite", allow_host=(host_of(server),))
        with open_calls(allowed) as calls:
            where = slot(server.base_url, key=planted)
            said += [repr(calls.ask(questions(where, 1, start=i))) for i in range(5)]
            said += [repr(calls.report()), repr(where)]
        assert server.authorizations == {f"Bearer {PLANTED}"}
        with (
            pytest.raises(UserError) as stop,
            judge_server(faults={"401": 1.0}) as refusing,
            open_calls(settings(tmp_path / "cache.sqlite", allow_host=(host_of(refusing),))) as calls,
        ):
            calls.ask(questions(slot(refusing.base_url, key=planted), 1))
    said += [str(stop.value), repr(address_of(where, (host_of(server),)))]
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
    assert address_of(anywhere, ()).base_url == OPENAI_URL
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:8000/v1/")
    assert address_of(anywhere, ()).base_url == "http://localhost:8000/v1"


def test_openai_without_a_key_is_refused_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOBODY_SET_THIS_API_KEY", raising=False)
    with open_calls(settings(None)) as calls, pytest.raises(UserError, match="NOBODY_SET_THIS_API_KEY holds no key"):
        calls.ask(questions(slot(OPENAI_URL), 1))


@pytest.mark.parametrize(
    ("base_url", "reason"),
    [
        ("localhost:8000/v1", "expected an address"),
        ("ftp://host/v1", "expected an address"),
        ("ftp://user:secret@host/v1", "user names, passwords"),
        ("http://user:secret@host/v1", "user names, passwords"),
        ("user:secret@host/v1", "user names, passwords"),
        ("http://host/v1?key=secret", "user names, passwords"),
        ("http://host/v1#secret", "user names, passwords"),
        ("http://host/v1;secret", "user names, passwords"),
        ("http://user%3Asecret%40host/v1", "expected an address"),
        ("http://good.example\\@secret.example/v1", "user names, passwords"),
        ("http://s\u00e9cret.example/v1", "expected an address"),
        ("http://[fe80::1%25secret]/v1", "expected an address"),
    ],
)
def test_an_address_that_would_carry_a_secret_or_is_none_is_refused(
    base_url: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match=reason) as refusal:
        slot(base_url)
    assert "secret" not in str(refusal.value)
    monkeypatch.setenv("OPENAI_BASE_URL", base_url)
    with pytest.raises(UserError, match=reason) as stop:
        address_of(replace(slot("http://host/v1"), base_url=None), ())
    assert "secret" not in str(stop.value)


@pytest.mark.parametrize("variable", ["AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "PASSWORD", "sk-0123456789abcdef", ""])
def test_a_key_is_taken_from_no_variable_that_may_hold_another_secret(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", PLANTED)
    with pytest.raises(ValueError, match="only from variables named") as refusal:
        slot("http://127.0.0.1:1/v1", key=variable)
    assert "sk-" not in str(refusal.value) and ("AWS" in str(refusal.value)) == variable.startswith("AWS")
