"""What the source says of a field is what the class says when it is imported."""

import dataclasses
import typing

import pytest

from farm.commands.score import ScoreSettings
from farm.config.field_types import field_class, field_type
from farm.data.alpaca_farm import AlpacaFarmDataset
from farm.methods.ppo import PPO
from farm.methods.preference.dpo import DPO
from farm.methods.trl.training import TrainingSettings
from farm.models.checkpoint import Model
from farm.pipeline.chain import Chain


@pytest.mark.parametrize("target", [ScoreSettings, AlpacaFarmDataset, DPO, PPO, TrainingSettings, Model, Chain])
def test_types_of_plain_fields_are_read_right(target: type) -> None:
    place = f"{target.__module__}.{target.__name__}"
    hints = typing.get_type_hints(target)
    read = {field.name: field_type(place, field.name) for field in dataclasses.fields(target)}
    assert {name: hint for name, hint in read.items() if hint is not None} == {
        name: hints[name] for name, hint in read.items() if hint is not None
    }
    plain = [name for name, hint in hints.items() if hint in (int, float, str, bool, int | None)]
    assert plain and all(read[name] is not None for name in plain)


def test_nested_settings_are_found_where_they_are_defined() -> None:
    assert field_class("farm.methods.preference.dpo.DPO", "training") == "farm.methods.trl.training.TrainingSettings"
    assert field_class("farm.pipeline.chain.Chain", "comparisons") == "farm.pipeline.chain.ComparisonSettings"
    assert field_class("farm.methods.preference.dpo.DPO", "beta") is None


def test_what_is_not_in_the_package_is_unknown() -> None:
    assert field_type("somebody.elses.Method", "beta") is None
    assert field_type("farm.methods.preference.dpo.DPO", "no_such_field") is None
    assert field_class("somebody.elses.Method", "training") is None
