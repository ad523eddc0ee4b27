"""What stands in the keys of artifacts, and what does not."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest

from farm.annotators.noise.noise import LabelFlip
from farm.store.keys import describe


@dataclass(frozen=True, kw_only=True)
class Settings:
    rate: float
    device: str = field(default="cpu", metadata={"in_key": False})
    text: Path | None = None
    later: str = field(default="", metadata={"in_key": "unless_default"})


def test_an_object_without_description_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot describe a builtin_function"):
        describe({"build": print})


def test_moving_and_renaming_a_class_changes_no_key() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Flip:  # elsewhere, under another name
        key_name: ClassVar[str] = "LabelFlip"
        flip_prob: float

    Flip.__module__ = "farm.elsewhere"
    expected = {"type": "farm:LabelFlip", "flip_prob": 0.25}
    assert describe(LabelFlip(flip_prob=0.25)) == describe(Flip(flip_prob=0.25)) == expected


def test_a_class_of_this_package_without_a_declared_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings, "__module__", "farm.methods.new")
    with pytest.raises(TypeError, match="key_name"):
        describe(Settings(rate=0.1))


def test_a_setting_that_came_later_is_in_keys_only_where_it_is_set() -> None:
    assert "later" not in describe(Settings(rate=1.0))  # type: ignore[operator]
    assert describe(Settings(rate=1.0, later="x")) == {**describe(Settings(rate=1.0)), "later": "x"}  # type: ignore[dict-item]
