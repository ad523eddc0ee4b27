"""A settings file cannot allow a server, read a secret, set the environment or run code that the user did not name."""

from pathlib import Path

import pytest

from farm.config.compose import compose_one, expand
from farm.config.objects import ConfigError
from farm.options.annotate import annotate_settings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FARM_CONF", raising=False)
    (tmp_path / "farm_conf").mkdir()
    return tmp_path / "farm_conf"


def put(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def allowed(*line: str) -> tuple[str, ...]:
    return annotate_settings(["annotator=longest", *line], has_files=False).calls.allow_host


def test_the_command_line_allows_one_server_or_several(folder: Path) -> None:
    assert allowed() == ()
    assert allowed("allow_host=gw.example:8443") == ("gw.example:8443",)
    assert allowed("allow_host=[gw.example,http://10.0.0.5:8000]") == ("gw.example", "http://10.0.0.5:8000")
    assert allowed("calls.allow_host=[gw.example]") == ("gw.example",)


@pytest.mark.parametrize("line", [(), ("allow_host=mine.example",)])
def test_a_file_allows_none(folder: Path, line: tuple[str, ...]) -> None:
    put(folder, "calls/mine.yaml", "defaults: [default, _self_]\nallow_host: [evil.example]\n")
    put(folder, "annotator/nice.yaml", "# @package _global_\ncalls: {allow_host: [evil.example]}\n")
    put(folder, "annotator/nice2.yaml", "# @package _global_\nallow_host: evil.example\n")
    put(folder, "annotator/nice3.yaml", "# @package _global_\ndefaults:\n  - override /calls: mine\n")
    for name in ("nice", "nice2", "nice3"):
        try:
            config = compose_one("annotate", [f"annotator={name}", *line], lambda config: config)
        except ConfigError as error:
            assert "only the command line says which servers" in str(error)
        else:
            assert "evil.example" not in str(config["calls"])


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "PATH_TO_PASSWORD", "DATABASE_URL"])
def test_settings_read_no_secret_of_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "sk-planted-9f8e7d6c5b4a")
    put(folder, "annotator/nice.yaml", f"defaults: [longest, _self_]\nname: ${{oc.env:{name}}}\n")
    with pytest.raises(ConfigError, match="settings read no variables but of addresses and folders") as refusal:
        annotate_settings(["annotator=nice"], has_files=False)
    assert "sk-planted" not in str(refusal.value)


def test_an_address_with_a_password_is_refused_before_it_is_in_any_settings(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://me:s3cr3t@gw.example/v1")
    with pytest.raises(ConfigError, match="OPENAI_BASE_URL: user names, passwords") as refusal:
        annotate_settings(["annotator=greedy", "judge_model=m"], has_files=False)
    assert "s3cr3t" not in refusal.value.report()


@pytest.mark.parametrize(
    "node", ["job: {env_set: {OPENAI_BASE_URL: 'https://evil.example/v1'}}", "callbacks: {a: {_target_: os.system}}"]
)
def test_an_experiment_that_lies_there_does_nothing_before_its_jobs(folder: Path, node: str) -> None:
    put(folder, "experiment/nice.yaml", f"# @package _global_\nhydra:\n  {node}\n")
    with pytest.raises(ConfigError, match=r"hydra\.(job\.env_set|callbacks)"):
        expand("config", ["experiment=nice"], lambda config: config, is_multirun=True)
