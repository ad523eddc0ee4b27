"""wandb and trackio, as stand-ins: how they are called, and what becomes of what they refuse."""

import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from farm.errors import UserError
from farm.telemetry import switch_off_telemetry
from farm.tracking.settings import Tool, TrackingSettings

Calls = list[tuple[str, dict[str, object]]]


class Run:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def log(self, figures: Mapping[str, float], step: int) -> None:
        self._calls.append(("log", {"step": step, **figures}))

    def finish(self, **how: object) -> None:
        print("noise of a tool")
        self._calls.append(("finish", how))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What the tools are told; both are installed, and the user has set nothing."""
    told: Calls = []

    def init(**how: object) -> Run:
        print("noise of a tool")
        told.append(("init", how))
        return Run(told)

    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=init, Settings=dict))
    monkeypatch.setitem(sys.modules, "trackio", SimpleNamespace(init=init, finish=Run(told).finish))
    return told


def show(tool: Tool, root: Path) -> None:
    (tracker,) = TrackingSettings(report_to=(tool, tool), project="mine").trackers(root)
    curves = tracker.begin("ppo-seed0-1a2b", {"kind": "policy"})
    curves.log(4, {"kl_k1": 0.25})
    curves.close(is_whole=False)


def test_wandb_is_offline_and_each_training_has_a_folder(calls: Calls, tmp_path: Path) -> None:
    switch_off_telemetry()
    show("wandb", tmp_path)
    (_, begun), *rest = calls
    folder = tmp_path / "tracking" / "wandb" / "ppo-seed0-1a2b"
    assert begun["mode"] == "offline" and begun["dir"] == folder and folder.is_dir()
    assert (begun["project"], begun["name"], begun["config"]) == ("mine", "ppo-seed0-1a2b", {"kind": "policy"})
    settings = begun["settings"]
    assert isinstance(settings, dict) and settings["x_disable_meta"] and settings["disable_code"]
    assert rest == [("log", {"step": 4, "kl_k1": 0.25}), ("finish", {"exit_code": 1})]


def test_wandb_goes_online_where_the_user_says_so(
    calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "online")
    switch_off_telemetry()
    show("wandb", tmp_path)
    assert calls[0][1]["mode"] == "online"


def test_trackio_draws_no_load_of_the_machine_and_keeps_off_standard_output(
    calls: Calls, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show("trackio", tmp_path)
    (_, begun), *rest = calls
    assert not (begun["auto_log_cpu"] or begun["auto_log_gpu"] or begun["embed"])
    assert rest == [("log", {"step": 4, "kl_k1": 0.25}), ("finish", {})]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("tool", ["wandb", "trackio"])
def test_what_a_tool_refuses_is_one_sentence(
    tool: Tool, calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise RuntimeError("api_key not configured\n(no-tty)")

    monkeypatch.setattr(sys.modules[tool], "init", refuse)
    with pytest.raises(UserError, match=rf"^report_to={tool}: .*api_key not configured \(no-tty\)"):
        show(tool, tmp_path)
