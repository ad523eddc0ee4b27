"""Nothing is sent unless asked for; a token goes to the hub it was given for, and stands in no message."""

import json
from pathlib import Path
from typing import Any

import pytest

from farm.errors import UserError
from farm.pipeline.sharing import hub
from farm.pipeline.sharing.hub import push_folder, repository_problem
from tests.pipeline.sharing.loopback_hub import loopback_hub

TOKEN = "hf_" + "s" * 30


class Hub:
    """What the hub's client is told; refuses if it is to."""

    told: list[tuple[str, dict[str, Any]]]
    refusal: Exception | None = None

    def __init__(self, **how: Any) -> None:
        self.told.append(("client", how))

    def create_repo(self, name: str, **how: Any) -> None:
        self.told.append(("create", {"name": name, **how}))
        if self.refusal is not None:
            raise self.refusal

    def upload_folder(self, **how: Any) -> None:
        self.told.append(("upload", how))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[Hub]:
    monkeypatch.setattr(Hub, "told", [], raising=False)
    monkeypatch.setattr(hub, "HfApi", Hub)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example")
    return Hub


def push(folder: Path) -> str:
    return push_folder(
        folder, [folder / "README.md", folder / "reward_model" / "config.json"], "me/dpo", is_private=True
    )


def test_only_the_written_files_go_to_the_hub_of_the_token(fake: type[Hub], tmp_path: Path) -> None:
    assert push(tmp_path) == "https://hub.example/me/dpo"
    (_, client), (_, created), (_, uploaded) = fake.told
    assert client == {"endpoint": "https://hub.example", "token": TOKEN}
    assert created == {"name": "me/dpo", "repo_type": "model", "private": True, "exist_ok": True}
    assert uploaded["allow_patterns"] == ["README.md", "reward_model/config.json"]


def test_without_a_token_nothing_is_sent(fake: type[Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(UserError, match=r"set HF_TOKEN .* nothing was sent"):
        push(tmp_path)
    assert fake.told == []


@pytest.mark.parametrize(
    "endpoint", ["http://hub.example", "ftp://hub.example", "hub.example", "https://me:pw@hub.example"]
)
def test_a_token_goes_over_no_open_line_and_to_no_odd_address(
    endpoint: str, fake: type[Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    with pytest.raises(UserError, match="nothing was sent") as raised:
        push(tmp_path)
    assert fake.told == [] and "pw" not in str(raised.value)


def test_a_hub_on_this_machine_may_be_asked_over_http(
    fake: type[Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:8080/")
    assert push(tmp_path) == "http://127.0.0.1:8080/me/dpo"


def test_what_the_hub_refuses_is_one_sentence_without_the_token(
    fake: type[Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake, "refusal", RuntimeError(f"403 Forbidden\nfor {TOKEN}"))
    with pytest.raises(UserError, match=r"did not take it \(403 Forbidden for \*\*\*\)") as raised:
        push(tmp_path)
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize("name", ["me", "me/a/b", "../x/y", "me/", "me/..", "me/a b", "https://x/y", "-a/b"])
def test_a_repository_is_owner_and_name(name: str) -> None:
    assert repository_problem("me/dpo-2.0_x") == ""
    assert "OWNER/NAME" in repository_problem(name)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is sent, and a file that is not; the client is the real one."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    (tmp_path / "reward_model").mkdir()
    for name in ("README.md", "reward_model/config.json", "secret.txt"):
        (tmp_path / name).write_text("{}")
    return tmp_path


def test_the_real_client_sends_the_files_to_this_hub_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with loopback_hub() as (address, asked):
        monkeypatch.setenv("HF_ENDPOINT", address)
        assert push(folder) == f"{address}/me/dpo"
    assert {request.authorization for request in asked} == {f"Bearer {TOKEN}"}
    (commit,) = (request for request in asked if "/commit/" in request.path)
    sent = [json.loads(line) for line in commit.body.splitlines()]
    assert [line["value"].get("path") for line in sent] == [None, "README.md", "reward_model/config.json"]


def test_a_hub_that_leads_elsewhere_takes_no_token_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with loopback_hub() as (elsewhere, received), loopback_hub(leads_to=elsewhere) as (address, asked):
        monkeypatch.setenv("HF_ENDPOINT", address)
        push(folder)
    assert {request.authorization for request in asked} == {f"Bearer {TOKEN}"}
    assert received and {request.authorization for request in received} == {None}
