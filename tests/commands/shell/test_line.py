"""A mistyped command line is answered at once: no torch, little time, and the key that was meant."""

import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest

from farm.commands.main import run_command
from farm.commands.shell.line import run_line
from farm.commands.shell.registry import COMMANDS, Command
from farm.config.conf_dirs import CONF_DIR
from farm.config.objects import ConfigError
from tests.paths import ROOT

pytestmark = pytest.mark.slow

RUN = next(command for command in COMMANDS if command.name == "run")
MEASURED = """
import sys, time
from farm.commands.main import run_command
code = run_command(sys.argv[1:])
print(code, "torch" in sys.modules, time.process_time())
"""


def problems_of(line: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        run_line(RUN, line.split())
    return {problem.where: problem.message for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("line", "answer", "seconds"),
    [
        ("run mehtod=ppo", "mehtod: unknown key; did you mean `method`?", 2.0),
        ("run method=pppo", "method: no choice 'pppo'; did you mean `ppo`?", 2.0),
        ("run method.bta=1 method=dpo", "did you mean `method.beta`?", 2.0),
        ("run sft.n_epochs=3", "did you mean `sft.training.epochs`?", 2.0),
        ("run sft.training.epochs=many", "sft.training.epochs: input should be a valid integer, got 'many'", 2.0),
        ("run method=dpo method.training.schedule=cosin", "'cosine', 'linear' or 'constant_with_warmup'", 2.0),
        ("run dataset=alpaca_farm dataset.preference_labels=gpt5", "'human', 'gpt4' or 'noisy_multi'", 2.0),
        ("score dtype=float8", "dtype: input should be 'float32' or 'bfloat16', got 'float8'", 2.0),
        ("pocket build settings.batch_size=a", "settings.batch_size: input should be a valid integer, got 'a'", 2.0),
        ("compare tie_model=wins", "tie_model: input should be 'half_wins' or 'davidson', got 'wins'", 2.0),
        ("run method=dpo method.loss_type=sigmod", "got 'sigmod'; did you mean `sigmoid`?", 2.0),
        ("run +typo=1", "typo: unknown key", 2.0),
        ("run +sft.typo=1", "sft.typo: unknown key; known here: name, temperature, training", 2.0),
        ("comapre", "no command 'comapre'; did you mean `compare`?", 0.5),
        ("rum", "no command 'rum'; did you mean `run`?", 0.5),
    ],
)
def test_a_mistyped_line_is_answered_before_torch_is_imported(line: str, answer: str, seconds: float) -> None:
    done = subprocess.run([sys.executable, "-c", MEASURED, *line.split()], capture_output=True, text=True, cwd=ROOT)
    assert answer in done.stderr
    code, has_torch, used = done.stdout.split()
    assert (code, has_torch) == ("2", "False")
    assert float(used) < seconds  # of CPU: other processes on the machine do not count


def test_the_key_that_was_meant_is_named_wherever_it_lies() -> None:
    assert (
        "`reward_model.member.n_held_out`"
        in problems_of("reward_model=ensemble reward_model.n_held_out=3")["reward_model.n_held_out"]
    )
    assert "`sft.training.epochs` or `reward_model.training.epochs`" in problems_of("epochs=3")["epochs"]
    assert "known here: adapter, allow_host, annotator, best_of," in problems_of("zzz=3")["zzz"]


def test_the_choice_that_lacks_a_key_is_named() -> None:
    found = problems_of("-m method=ppo,dpo method.n_steps=2")
    assert "method=dpo has no such key; known here: beta" in found["method.n_steps"]


def test_all_that_is_wrong_comes_at_once() -> None:
    found = problems_of("sft.training.epochs=many seed=a sft.training=3 method=dpo method.beta=null x calls.n=1")
    assert found.keys() == {"sft.training.epochs", "seed", "sft.training", "method.beta", "x", "calls.n"}
    assert "set one of sft.training.learning_rate, " in found["sft.training"]


def test_what_a_choice_cannot_do_without_is_named_too() -> None:
    assert "is required here" in problems_of("annotator=local")["local_model"]
    assert "say `farm run -m ...`" in problems_of("seed=0,1")["seed=0,1"]


def test_info_lines_of_farm_alone_are_shown_when_asked_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert run_command(["cache", f"root={tmp_path}", "verbose=true"]) == 0
    assert logging.getLogger("farm.data").isEnabledFor(logging.INFO)
    assert not logging.getLogger("transformers").isEnabledFor(logging.INFO)
    assert run_command(["cache", f"root={tmp_path}"]) == 0
    assert not logging.getLogger("farm.data").isEnabledFor(logging.INFO)
    assert "expected true or false, got 'perhaps'" in problems_of("verbose=perhaps")["verbose"]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("pocket", "say `farm pocket build`"),
        ("method=ppo", "a command comes first, as in `farm run method=ppo`"),
        ("leaderboard --chek", "did you mean `--check`?"),
        ("cache exprt", "did you mean `export`?"),
    ],
)
def test_a_wrong_word_gets_the_right_one(line: str, answer: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(line.split()) == 2
    assert answer in capsys.readouterr().err


def test_what_a_dataset_lacks_is_named_before_torch_is_imported(tmp_path: Path) -> None:
    (tmp_path / "alpaca_farm_evaluation.json").write_text("[]")
    line = ["run", "dataset=alpaca_farm", f"dataset.folder={tmp_path}", f"dataset.unlabeled_file={tmp_path}/mine.json"]
    done = subprocess.run([sys.executable, "-c", MEASURED, *line], capture_output=True, text=True, cwd=ROOT)
    assert "dataset.folder: " in done.stderr and "dataset.unlabeled_file: " in done.stderr
    assert "alpaca_human_preference.json, alpaca_instructions/preference.json, " in done.stderr
    assert done.stdout.split()[:2] == ["2", "False"]


def test_a_mistyped_output_folder_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "nowhere" / "plan"
    assert run_command(["plan", f"output={output}"]) == 2
    assert f"output: there is no folder {output.parent}; make it first" in capsys.readouterr().err
    assert not output.parent.exists()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_settings_of_every_command_are_where_the_table_says(command: Command) -> None:
    assert (CONF_DIR / f"{command.config}.yaml").is_file()
    for place in (command.target.replace(":", "."), *command.settings):
        module, _, name = place.rpartition(".")
        path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
        assert re.search(rf"^(class|def) {name}\b", path.read_text(), re.MULTILINE), place
