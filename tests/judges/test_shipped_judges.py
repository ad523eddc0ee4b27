"""Everything under conf/judge, conf/judge_models, conf/panel and conf/prompt/judge builds and is used."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from farm.calls.request import ModelSlot
from farm.config.conf_dirs import CONF_DIR
from farm.config.objects import ConfigError, build
from farm.config.resolvers import open_conf_dirs
from farm.judges.grading import GradingJudge
from farm.judges.judge import Judge, Panel
from farm.judges.prompted import PromptedJudge

JUDGES = sorted(path.stem for path in (CONF_DIR / "judge").glob("*.yaml"))
PANELS = sorted(path.stem for path in (CONF_DIR / "panel").glob("*.yaml"))
PROMPTS = sorted((CONF_DIR / "prompt" / "judge").glob("*.txt"))


@dataclass(frozen=True, kw_only=True)
class Holder:
    """What a configuration group holds."""

    judge: Judge | None = None
    panel: Panel | None = None


def composed(group: str, name: str, *overrides: str, models: str = "endpoint") -> Holder:
    open_conf_dirs()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose(None, overrides=[f"+judge_models={models}", f"+{group}={name}", *overrides])
        plain = OmegaConf.to_container(config, resolve=True)
    assert isinstance(plain, Mapping)
    return build(Holder, {group: plain[group]})


def test_all_files_are_looked_at() -> None:
    assert len(JUDGES) >= 16 and len(PROMPTS) >= 15 and PANELS == ["prompted", "rubric"]


@pytest.mark.parametrize("name", JUDGES)
def test_every_judge_builds(name: str) -> None:
    needed = {
        "recorded": ["judge.name=recorded", "judge.file=labels.json"],
        "local": ["judge_model=checkpoint"],
        "rule": ["judge.rule=longest"],
    }
    judge = composed("judge", name, *needed.get(name, [])).judge
    assert judge is not None and judge.name == ("longest" if name == "rule" else name)


def test_every_prompt_is_used_and_knows_the_input() -> None:
    yamls = "\n".join((CONF_DIR / "judge" / f"{name}.yaml").read_text() for name in JUDGES)
    for path in PROMPTS:
        assert f"${{text:prompt/judge/{path.name}}}" in yamls
        text = path.read_text()
        assert "{% if input %}" in text or "{% if pair.input %}" in text
        # What is the same in every prompt comes before what is judged.
        flat = " ".join(text.split())
        assert flat.index("{{") > flat.index("code of eight characters")


def members(models: str, *overrides: str) -> list[PromptedJudge]:
    panel = composed("panel", "prompted", *overrides, models=models).panel
    assert panel is not None
    judges = list(panel.members())
    assert all(isinstance(judge, PromptedJudge | GradingJudge) for judge in judges)
    return [judge for judge in judges if isinstance(judge, PromptedJudge)]


def test_the_pool_is_thirteen_judges_of_three_models() -> None:
    pool = members("endpoint")
    assert sorted(Counter(judge.model.model for judge in pool).values()) == [4, 4, 5]
    assert len({judge.name for judge in pool}) == 13
    assert len({judge.prompt for judge in pool}) >= 8
    assert {judge.decoding.temperature for judge in pool} == {1.0}
    vendors = {judge.model.api_key_variable for judge in members("vendors")}
    assert len(vendors) == 3


@pytest.mark.parametrize("models", ["endpoint", "vendors", "local"])
def test_judge_model_is_the_model_of_every_prompted_judge(models: str) -> None:
    assert {judge.model.model for judge in members(models, "judge_model=org/name:7b")} == {"org/name:7b"}


def test_a_slot_can_be_changed_alone_and_a_member_left_out() -> None:
    pool = members("endpoint", "judge_models.b.model=other", "judge_models.b.base_url=http://here/v1")
    slots = {judge.model for judge in pool if judge.name.startswith("b_")}
    assert slots == {
        ModelSlot(model="other", kind="endpoint", base_url="http://here/v1", api_key_variable="OPENAI_API_KEY")
    }
    assert len(members("endpoint", "panel.judges.a_chat=null")) == 12


def test_a_local_judge_asks_for_its_model() -> None:
    with pytest.raises(ConfigError, match=r"judge.model.model: is required"):
        composed("judge", "local")


def test_two_members_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="two members have the name 'b_chat'"):
        members("endpoint", "panel.judges.a_chat.name=b_chat")


def test_the_reference_is_written_by_the_judges_own_model() -> None:
    judge = composed("judge", "reference", "judge_model=same").judge
    assert isinstance(judge, PromptedJudge) and judge.reference is not None
    assert judge.reference.model == judge.model
