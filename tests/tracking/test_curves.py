"""The one door: who is shown what, under which name, and nothing to anybody who was not asked for."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from farm.config.checks import FieldError
from farm.errors import UserError
from farm.store.artifacts import Stage, Store
from farm.telemetry import SWITCHES, set_by_user, switch_off_telemetry
from farm.tracking.curves import Curves, reporting_to, training_curves
from farm.tracking.settings import TrackingSettings


class Noted:
    """A tool that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.settings: list[Mapping[str, object]] = []

    def begin(self, name: str, settings: Mapping[str, object]) -> Curves:
        self.told.append(name)
        self.settings.append(settings)
        return self

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        self.told.append((step, dict(figures)))

    def close(self, *, is_whole: bool) -> None:
        self.told.append("whole" if is_whole else "broken")


def train(label: str, *, below: str = "", fails: bool = False):  # type: ignore[no-untyped-def]
    def build(output_dir: Path, scratch_dir: Path) -> None:
        (output_dir / "weights").touch()
        (scratch_dir / below).mkdir(exist_ok=True)
        with training_curves(label, scratch_dir / below) as curves:
            curves.log(1, {"loss": 0.5})
            if fails:
                raise UserError("no more")

    return build


def test_each_training_has_curves_under_a_name_that_says_what_it_is(tmp_path: Path) -> None:
    store, tool, other = Store(tmp_path), Noted(), Noted()
    with reporting_to((tool, other)):
        made = store.get(Stage("policy", 1), component={"rate": 0.1}, parents={}, seed=3, build=train("ppo/../x y"))
        below = train("dpo round 2", below="training_2")
        second = store.get(Stage("policy", 1), component={"rate": 0.2}, parents={}, seed=3, build=below)
    assert tool.told == other.told == [
        f"ppo_.._x_y-seed3-{made.key}", (1, {"loss": 0.5}), "whole",
        f"dpo_round_2-seed3-{second.key}-training_2", (1, {"loss": 0.5}), "whole",
    ]  # fmt: skip
    assert tool.settings[0] == {
        "kind": "policy", "version": 1, "component": {"rate": 0.1}, "parents": {}, "seed": 3,
    }  # fmt: skip


def test_what_is_found_and_not_made_has_no_curves(tmp_path: Path) -> None:
    store, tool = Store(tmp_path), Noted()
    for trackers in ((), (tool,)):
        with reporting_to(trackers):
            store.get(Stage("policy", 1), component={}, parents={}, seed=0, build=train("ppo"))
    assert tool.told == []


def test_a_training_that_fails_says_so(tmp_path: Path) -> None:
    tool = Noted()
    with reporting_to((tool,)), pytest.raises(UserError, match="no more"):
        Store(tmp_path).get(Stage("policy", 1), component={}, parents={}, seed=0, build=train("ppo", fails=True))
    assert tool.told[1:] == [(1, {"loss": 0.5}), "broken"]


def test_a_training_outside_of_artifacts_shows_nothing(tmp_path: Path) -> None:
    tool = Noted()
    with reporting_to((tool,)), training_curves("ppo", tmp_path) as curves:
        curves.log(0, {"loss": 1.0})
    assert tool.told == []


def test_secrets_in_addresses_are_not_shown_to_tools(tmp_path: Path) -> None:
    tool = Noted()
    with reporting_to((tool,)):
        component = {"base_url": "https://me:geheim@judge.example/v1?key=geheim"}
        Store(tmp_path).get(Stage("policy", 1), component=component, parents={}, seed=0, build=train("ppo"))
    assert "judge.example" in str(tool.settings) and "geheim" not in str(tool.settings)


def test_a_tool_that_is_not_installed_is_one_sentence_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "wandb" else name)
    assert TrackingSettings(report_to=("tensorboard",), project="mine")
    with pytest.raises(FieldError) as raised:
        TrackingSettings(report_to=("wandb", "trackio"), project="mine")
    assert raised.value.reasons == {"report_to": "wandb is not installed; pip install 'preference-farm[wandb]'"}


def test_what_was_switched_off_here_is_not_taken_for_the_users_word(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*SWITCHES, "FARM_SWITCHED_OFF"]:
        monkeypatch.setenv(name, "")  # so that it is put back
        monkeypatch.delenv(name)
    switch_off_telemetry()
    switch_off_telemetry()  # as in a worker process, which inherits what is set
    assert os.environ["WANDB_MODE"] == "disabled" and set_by_user("WANDB_MODE") is None
    monkeypatch.setenv("WANDB_MODE", "online")  # in a notebook, after farm was used
    assert set_by_user("WANDB_MODE") == "online"


def test_the_users_word_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_SWITCHED_OFF", "")
    monkeypatch.setenv("WANDB_MODE", "disabled")
    switch_off_telemetry()
    assert set_by_user("WANDB_MODE") == "disabled"
