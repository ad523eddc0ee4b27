"""The help of a command is made of its YAML files: every key with its default and its words, every choice."""

import os
import subprocess
import sys

import pytest
import yaml

from farm.commands.main import run_command
from farm.commands.shell.registry import COMMANDS, Command
from farm.config.conf_dirs import CONF_DIR
from tests.paths import ROOT

Out = pytest.CaptureFixture[str]


def printed(line: str, capsys: Out) -> str:
    assert run_command(line.split()) == 0
    return capsys.readouterr().out


def test_the_overview_needs_no_hydra_and_little_time() -> None:
    code = (
        "import sys, time; from farm.commands.main import run_command; run_command(['--help']);"
        "print([m for m in ('hydra', 'torch', 'pandas') if m in sys.modules], time.process_time(), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    modules, seconds = done.stderr.rsplit(" ", 1)
    assert modules == "[]" and float(seconds) < 0.6
    assert all(f"  {command.name} " in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_own_key_has_its_default_and_its_words(command: Command, capsys: Out) -> None:
    text = printed(f"{command.name} --help", capsys)
    assert f"farm {command.name} - {command.summary}" in text
    assert all(example in text for example in command.examples)
    values = yaml.safe_load((CONF_DIR / f"{command.config}.yaml").read_text())
    lines = text.splitlines()
    for key, value in values.items():
        if key in ("defaults", "hydra", "calls", "verbose") or isinstance(value, dict):
            continue
        number = next(n for n, line in enumerate(lines) if line.startswith(f"  {key}="))
        assert len(lines[number].split("  ")) > 2 or lines[number + 1].startswith(" " * 30), f"{key} has no words"


def test_every_choice_of_every_group_has_a_line(capsys: Out) -> None:
    text = printed("run --help", capsys)
    for group in ("method", "annotator", "dataset", "experiment", "reward_model", "model", "control"):
        for path in (CONF_DIR / group).glob("*.yaml"):
            assert f"\n      {path.stem} " in text or f"\n      {path.stem}\n" in text
    assert "  seed=0 " in text and "All random draws are keyed by it." in text


def test_the_keys_of_a_choice_are_listed_when_it_is_chosen(capsys: Out) -> None:
    text = printed("run method=ppo reward_model=ensemble --help", capsys)
    assert "method=ppo: Proximal policy optimisation against the reward model" in text
    assert "method.reward.kl_coef=0.03 " in text and "in units of the normalised score" in text
    assert "reward_model.member.n_held_out=" in text
    assert printed("help run method=ppo", capsys) == printed("run method=ppo -h", capsys)


def test_a_wrong_choice_is_no_help(capsys: Out) -> None:
    assert run_command(["run", "method=pppo", "--help"]) == 2
    assert "did you mean `ppo`?" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_composed_settings_of_every_command_are_printed(command: Command, capsys: Out) -> None:
    composed = yaml.safe_load(printed(f"{command.name} --cfg job", capsys))
    written = yaml.safe_load((CONF_DIR / f"{command.config}.yaml").read_text())
    assert written.keys() - {"defaults", "hydra"} <= composed.keys() and "hydra" not in composed


def test_a_part_of_the_settings_can_be_shown_with_interpolations_replaced(capsys: Out) -> None:
    assert yaml.safe_load(printed("run method=dpo --cfg job --package method.training", capsys))["epochs"] == 1
    assert "cache: ${root}/calls.sqlite" in printed("cache --cfg job", capsys)
    assert "cache: here/calls.sqlite" in printed("cache root=here --cfg job --resolve", capsys)
    assert set(yaml.safe_load(printed("cache --cfg hydra", capsys))) == {"hydra"}
    assert run_command(["run", "--cfg", "job", "--package", "nowhere"]) == 2


def test_every_job_of_a_sweep_is_printed(capsys: Out) -> None:
    documents = list(yaml.safe_load_all(printed("run -m method=ppo,dpo seed=0,1 --cfg job", capsys)))
    assert [(job["method"]["name"], job["seed"]) for job in documents] == [
        ("ppo", 0), ("ppo", 1), ("dpo", 0), ("dpo", 1),
    ]  # fmt: skip
    assert len(list(yaml.safe_load_all(printed("run experiment=pocket_small --cfg job", capsys)))) > 1


def farm(*arguments: str, **environment: str) -> str:
    line = [sys.executable, "-m", "farm", *arguments]
    done = subprocess.run(line, capture_output=True, text=True, cwd=ROOT, check=True, env={**os.environ, **environment})
    return done.stdout


def test_hydra_says_how_the_settings_are_composed() -> None:
    text = farm("run", "method=dpo", "--info", "defaults")
    assert text.count("\n| method/dpo ") == 1  # its row; others name it as their parent


def test_tab_completes_commands_keys_and_choices() -> None:
    assert "complete -o nospace" in farm("-sc", "install=bash")
    assert farm("-sc", "query=bash", COMP_LINE="farm ann").split()[:2] == ["run", "annotate"]
    assert farm("-sc", "query=bash", COMP_LINE="farm run method=pp").split() == ["method=ppo", "method=ppo_paper"]
    assert farm("-sc", "query=bash", COMP_LINE="farm pocket build sett").split() == ["settings."]


def test_an_address_is_printed_without_what_may_be_a_secret(capsys: Out) -> None:
    line = "annotate annotator=greedy judge_model=m judge_models.a.base_url"
    for address in ("http://me:s3cr3t@gw.example/v1", "me:s3cr3t@gw.example/v1", "https://gw.example/s3cr3t/v1"):
        text = printed(f"{line}={address} --cfg job", capsys)
        assert "s3cr3t" not in text and "gw.example" in yaml.safe_load(text)["judge_models"]["a"]["base_url"]
