"""A key goes to the server that it was given for, and to no other without a word on the command line."""

import re
from pathlib import Path

import pytest
import yaml

from farm.addresses import origin_of
from farm.calls.http.hosts import allowed_origins, check_host, home_of
from farm.calls.request import ModelSlot
from farm.config.conf_dirs import CONF_DIR
from farm.errors import UserError

KEY = "sk-planted-9f8e7d6c5b4a"
ELSEWHERE = "https://elsewhere.example/v1"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def slot(base_url: str, variable: str = "OPENAI_API_KEY", *, file: str = "ev/configs.yaml") -> ModelSlot:
    return ModelSlot(model="m", kind="endpoint", base_url=base_url, api_key_variable=variable, address_from=file)


def check(base_url: str, *allowed: str, variable: str = "OPENAI_API_KEY") -> None:
    check_host(slot(base_url, variable), base_url, allowed)


def test_the_vendors_own_server_needs_no_word_until_the_environment_names_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check("https://api.openai.com/v1")
    check("https://API.OPENAI.com.:443/other/path")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:8000/v1")
    check("http://127.0.0.1:8000/v1")
    with pytest.raises(UserError, match=r"the key in OPENAI_API_KEY was given for http://127.0.0.1:8000"):
        check("https://api.openai.com/v1")


def test_the_refusal_names_file_server_variable_and_the_word_that_allows_it() -> None:
    with pytest.raises(UserError) as refusal:
        check("https://elsewhere.example/token-4711/v1")
    text = str(refusal.value)
    for part in ("ev/configs.yaml", "https://elsewhere.example/***/v1", "OPENAI_API_KEY", "nothing was sent"):
        assert part in text
    word = re.search(r"allow_host=(\S+)", text)
    assert word is not None
    check("https://elsewhere.example/token-4711/v1", word[1])
    assert KEY not in text


@pytest.mark.parametrize(
    "address",
    [
        "http://api.openai.com/v1",
        "https://api.openai.com:8443/v1",
        "https://api.openai.com.elsewhere.example/v1",
        "https://openai.com/v1",
        "https://localhost.elsewhere.example/v1",
        "http://127.0.0.1:9/v1",
        "http://0x7f.1/v1",
        "http://2130706433/v1",
        "http://[::ffff:10.0.0.1]/v1",
        "https://generativelanguage.googleapis.com/v1beta/openai",
    ],
)
def test_a_server_that_only_resembles_the_keys_own_is_refused(address: str) -> None:
    with pytest.raises(UserError, match="allow_host="):
        check(address)


def test_each_key_has_a_server_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE_API_KEY", KEY)
    with pytest.raises(UserError, match="MINE_API_KEY was given for no server"):
        check("https://api.openai.com/v1", variable="MINE_API_KEY")
    monkeypatch.setenv("MINE_BASE_URL", ELSEWHERE)
    check(ELSEWHERE, variable="MINE_API_KEY")
    with pytest.raises(UserError, match=r"MINE_API_KEY was given for https://elsewhere.example"):
        check("https://api.openai.com/v1", variable="MINE_API_KEY")


def test_every_server_in_the_shipped_settings_is_its_keys_own() -> None:
    files = [path for path in CONF_DIR.rglob("*.yaml") if "base_url: http" in path.read_text()]
    assert files

    def nodes(value: object) -> list[dict[str, str]]:
        if not isinstance(value, dict):
            return []
        inner = [node for entry in value.values() for node in nodes(entry)]
        return [value, *inner] if str(value.get("base_url")).startswith("http") else inner

    pairs = [(n["base_url"], n["api_key_variable"]) for file in files for n in nodes(yaml.safe_load(file.read_text()))]
    assert len(pairs) == 2
    assert [origin_of(address) for address, _ in pairs] == [home_of(variable) for _, variable in pairs]


def test_without_a_key_prompts_stay_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    for here in ("http://localhost:1/v1", "http://127.9.9.9/v1", "http://[::1]:8/v1", "http://0.0.0.0:8000/v1"):
        check(here)
    with pytest.raises(UserError, match="where the prompts would go"):
        check(ELSEWHERE)
    check(ELSEWHERE, "elsewhere.example")


def test_a_key_goes_unencrypted_to_this_machine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://10.0.0.5:8000/v1")
    with pytest.raises(UserError, match="without encryption"):
        check("http://10.0.0.5:8000/v1")
    check("http://10.0.0.5:8000/v1", "http://10.0.0.5:8000")
    monkeypatch.setenv("OPENAI_API_KEY", "EMPTY")  # a placeholder is no key
    check("http://10.0.0.5:8000/v1")


def test_a_word_allows_one_server_by_https_or_as_it_says() -> None:
    assert allowed_origins(["gw.example", "GW.example:8443", "http://10.0.0.5:8000/"]) == {
        origin_of("https://gw.example"),
        origin_of("https://gw.example:8443"),
        origin_of("http://10.0.0.5:8000"),
    }
    assert allowed_origins(["localhost:8000"]) == {
        origin_of("http://localhost:8000"),
        origin_of("https://localhost:8000"),
    }
    with pytest.raises(UserError, match="was given for"):
        check("http://gw.example/v1", "gw.example")


@pytest.mark.parametrize(
    "word", ["*", "", "gw.example/v1", "https://gw.example/v1", "user:secret@gw.example", "[", "a b"]
)
def test_a_word_that_names_no_server_is_refused(word: str) -> None:
    with pytest.raises(UserError, match="allow_host: expected servers") as refusal:
        allowed_origins([word])
    assert "secret" not in str(refusal.value)


def test_a_settings_file_that_lies_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "farm_conf" / "judge").mkdir(parents=True)
    (tmp_path / "farm_conf" / "judge" / "nice.yaml").write_text(f"model:\n  base_url: {ELSEWHERE}\n")
    with pytest.raises(UserError, match=r"^farm_conf/judge/nice.yaml would have m asked"):
        check_host(slot(ELSEWHERE, file=""), ELSEWHERE, ())
