"""No number of a settings dataclass that makes no sense gets past its constructor."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace

import pytest

from farm.config.checks import FieldError, check_fields
from farm.config.compose import expand
from farm.config.objects import ConfigError, build
from farm.options.run import plan

METHODS = [
    "best_of_n", "crlft", "dpo", "expert_iteration", "feedme", "grpo", "iterated_dpo", "kto", "online_dpo", "orpo",
    "ppo", "quark", "reward_conditioning", "rloo", "sft", "simpo",
]  # fmt: skip
MAY_BE_NEGATIVE = {
    "seed", "length_bias", "list_bias", "position_bias",  # a bias may be for or against
    "desirable_weight", "undesirable_weight",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Settings:
    n: int
    rate: float | None
    share: float = 0.5

    def __post_init__(self) -> None:
        check_fields(self, at_least={"n": 1, "share": 0}, above={"rate": 0}, at_most={"share": 1})


def test_every_field_out_of_range_is_named() -> None:
    with pytest.raises(FieldError) as caught:
        Settings(n=0, rate=0.0, share=2)
    assert caught.value.reasons == {
        "n": "expected at least 1, got 0",
        "rate": "expected more than 0, got 0.0",
        "share": "expected at most 1, got 2",
    }
    assert Settings(n=1, rate=None).rate is None
    with pytest.raises(FieldError):
        Settings(n=1, rate=float("nan"))


def test_the_dotted_key_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^n: expected at least 1, got 0$"):
        build(Settings, {"n": 0, "rate": 1.0})
    with pytest.raises(ConfigError) as caught:
        expand("config", ["sft.training.epochs=0", "dataset.n_demonstrations=-1"], plan, is_multirun=False)
    assert {problem.where for problem in caught.value.problems} == {
        "sft.training.epochs",
        "dataset.n_demonstrations",
    }


def settings_in(value: object, where: str) -> Iterator[tuple[str, object]]:
    """Every dataclass below a value, with the place where it is."""
    if is_dataclass(value) and not isinstance(value, type):
        yield where, value
        for field in fields(value):
            yield from settings_in(vars(value)[field.name], f"{where}.{field.name}")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from settings_in(inner, f"{where}.{key}")
    elif isinstance(value, tuple):
        for place, inner in enumerate(value):
            yield from settings_in(inner, f"{where}.{place}")


@pytest.mark.parametrize("method", METHODS)
def test_no_number_of_a_run_may_be_negative(method: str) -> None:
    (planned,) = expand("config", [f"method={method}"], plan, is_multirun=False)
    accepted = []
    for where, settings in settings_in(planned.chain, "chain"):
        for field in fields(settings):  # type: ignore[arg-type]
            value = vars(settings)[field.name]
            if field.init and isinstance(value, int | float) and not isinstance(value, bool):
                try:
                    replace(settings, **{field.name: -1})  # type: ignore[type-var]
                except ValueError:
                    continue
                if field.name not in MAY_BE_NEGATIVE:
                    accepted.append(f"{where}.{field.name}")
    assert accepted == []
