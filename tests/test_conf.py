"""Every YAML under conf/ composes, builds, and says in words what each key means."""

import json
import re
from pathlib import Path

import pytest
import yaml

from farm.annotators.annotator import SimulatedAnnotator
from farm.annotators.presentation import ONCE
from farm.commands.leaderboard import LeaderboardSettings
from farm.commands.pocket import BuildCommand
from farm.commands.score import settings_of
from farm.config.compose import compose_one, expand
from farm.config.conf_dirs import CONF_DIR
from farm.config.objects import ConfigError, build
from farm.models.prompts import ChatPrompt
from farm.options.compare import CompareSettings
from farm.options.run import plan
from farm.store.keys import describe
from tests.judges.evaluators import write_evaluator

pytestmark = pytest.mark.slow

FILES = sorted(CONF_DIR.rglob("*.yaml"))
DEFAULTS = yaml.safe_load((CONF_DIR / "config.yaml").read_text())["defaults"]
CHOSEN = {name.split("@")[0] for entry in DEFAULTS if entry != "_self_" for name in entry}
GROUPS = sorted(name for name in CHOSEN - {"experiment"} if not name.startswith("override "))
"""The folders from which a run chooses; the others hold parts that their files are put together from."""
PARTS = sorted({path.parent.relative_to(CONF_DIR).as_posix() for path in FILES} - {".", "experiment", *GROUPS})
NEEDED = {
    "model/local": ["model.checkpoint=somewhere"],
    "model/local_chat": ["model.checkpoint=somewhere"],
    "annotator/local": ["local_model=somewhere"],
    "annotator/alpaca_eval": ["evaluator={folder}"],
    "judge_models/local": ["judge_model=somewhere"],
}
"""What a choice cannot do without."""


def test_every_file_is_looked_at() -> None:
    assert len(FILES) >= 40
    assert {"annotator", "dataset", "evaluation", "method", "model", "reward_model"} <= set(GROUPS)
    assert {"judge", "parser", "presentation", "prompt", "simulated", "training"} <= set(PARTS)


def test_every_part_stands_in_some_choice() -> None:
    texts = [path.read_text() for path in FILES]
    for path in FILES:
        group, name = path.parent.name, path.stem
        if group in PARTS and group not in (
            "judge",
            "presentation",
            "prompt",
            "track",
        ):  # these are there to be chosen from, too
            pattern = re.compile(rf"^ +- (?:override )?/{group}@\S+: {name}\b", re.MULTILINE)
            assert any(pattern.search(text) for text in texts), f"{group}/{name} is in no file"


@pytest.mark.parametrize("group", GROUPS)
def test_every_choice_of_a_group_makes_its_objects(group: str, tmp_path: Path) -> None:
    folder = write_evaluator(tmp_path / "evaluator")
    for path in FILES:
        if path.parent.name == group:
            needed = [text.format(folder=folder) for text in NEEDED.get(f"{group}/{path.stem}", [])]
            (planned,) = expand(
                "config", [f"{group}={path.stem}", *needed, f"root={tmp_path}"], plan, is_multirun=False
            )
            assert planned.session.root == tmp_path


@pytest.mark.parametrize("choice", sorted(path.stem for path in (CONF_DIR / "presentation").glob("*.yaml")))
def test_every_presentation_goes_with_an_annotator(choice: str) -> None:
    (planned,) = expand(
        "config", ["annotator=pool", f"presentation@annotator.presentation={choice}"], plan, is_multirun=False
    )
    annotator = planned.chain.annotator
    assert isinstance(annotator, SimulatedAnnotator)
    assert (annotator.presentation == ONCE) == (choice == "once")


@pytest.mark.parametrize("choice", sorted(path.stem for path in (CONF_DIR / "prompt").glob("*.yaml")))
def test_every_prompt_goes_with_a_reward_model(choice: str, tmp_path: Path) -> None:
    line = [f"prompt={choice}", "input=rows.json", "output=scores.json", f"reward_model={tmp_path}"]
    prompt = compose_one("score", line, settings_of).prompt
    assert prompt is not None and (choice == "chat") == isinstance(prompt, ChatPrompt)


def test_what_a_choice_cannot_do_without_is_named() -> None:
    for choice, key in (("local", "local_model"), ("alpaca_eval", "evaluator")):
        with pytest.raises(ConfigError, match=f"^{key}: is required here; give {key}=... on the command line$"):
            expand("config", [f"annotator={choice}"], plan, is_multirun=False)


def test_the_pool_is_made_of_rubric_judges_in_the_pocket_world_and_of_prompted_ones_elsewhere() -> None:
    for dataset, name in (("pocket", "rubric-01"), ("alpaca_farm", "a_json")):
        (planned,) = expand("config", ["annotator=pool", f"dataset={dataset}"], plan, is_multirun=False)
        annotator = planned.chain.annotator
        assert isinstance(annotator, SimulatedAnnotator)
        names = [judge.name for judge in annotator.panel.members()]
        assert (len(names), names[0]) == (13, name)


@pytest.mark.parametrize("path", sorted((CONF_DIR / "experiment").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_experiment_expands_and_is_written_up(path: Path) -> None:
    jobs = expand("config", [f"experiment={path.stem}", "seed=0"], plan, is_multirun=True)
    assert len(jobs) >= 2
    assert (CONF_DIR.parent / "experiments" / f"{path.stem}.md").is_file()


def test_the_other_commands_build_their_settings() -> None:
    assert compose_one("leaderboard", [], lambda config: build(LeaderboardSettings, config)).output == Path(
        "runs/leaderboard"
    )
    assert compose_one("compare", [], lambda config: build(CompareSettings, config)).humans is None
    assert compose_one("pocket_build", [], lambda config: build(BuildCommand, config)).settings.batch_size == 16


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(CONF_DIR).as_posix())
def test_every_setting_has_a_comment_in_words(path: Path) -> None:
    lines = path.read_text().splitlines()
    bare = [
        line
        for number, line in enumerate(lines)
        if re.match(r"\s*(?:- )?[a-z_0-9]+: +\S", line)  # key: value
        and "#" not in line
        and not lines[number - 1].lstrip().startswith("#")
        and not re.match(r"\s*(?:- )?(?:_target_|without_input|with_input)\b", line)
        and not _is_hydra(lines, number)
    ]
    assert bare == []


def _is_hydra(lines: list[str], number: int) -> bool:
    """Whether the line belongs to Hydra's own node, or to the list of defaults."""
    head = next(line for line in reversed(lines[: number + 1]) if re.match(r"\S", line) and not line.startswith("#"))
    return head.startswith(("hydra:", "defaults:"))


def test_labels_from_another_endpoint_are_other_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = set()
    for url in ("http://127.0.0.1:8000/v1", "http://127.0.0.1:9000/v1"):
        monkeypatch.setenv("OPENAI_BASE_URL", url)
        for limits in ([], ["calls.concurrency=2", "calls.cache=elsewhere.sqlite", "budget_calls=9"]):
            (planned,) = expand("config", ["annotator=greedy", *limits], plan, is_multirun=False)
            keys.add(json.dumps(describe(planned.chain.annotator)))
    assert len(keys) == 2 and all("Decide which of two outputs" in key for key in keys)  # the prompt's text is in, too
