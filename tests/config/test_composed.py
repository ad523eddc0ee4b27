"""Settings that are set in a remembered composition are those that Hydra composes anew."""

from pathlib import Path

import pytest
from hydra import compose
from hydra.errors import HydraException
from omegaconf import OmegaConf

from farm.config import composed as module
from farm.config.compose import composer
from farm.config.composed import composed

LINES = (
    ["seed=3", "method=dpo", "method.beta=0.2", "root=elsewhere", "model.dtype=bfloat16"],
    ["hydra.launcher.n_jobs=3", "hydra/launcher=joblib", "experiment=pocket", "name=again", "~selection"],
    [
        "annotator=pool",
        "presentation@annotator.presentation=both_orders",
        "++annotator.arm=other",
        "+calls.prices.a={}",
    ],
    [
        "dataset=alpaca_farm",
        "noise=[length_bias,label_flip]",
        "++calls.prices={b: {input_usd: 1}}",
        "sft.training.epochs=2",
    ],
)


@pytest.mark.parametrize("with_hydra", [True, False], ids=["with Hydra's node", "without"])
@pytest.mark.parametrize("line", LINES, ids=" ".join)
def test_a_line_comes_to_what_hydra_composes(line: list[str], *, with_hydra: bool) -> None:
    with composer():
        ours = [composed("config", line, with_hydra=with_hydra) for _ in range(2)]
        theirs = compose("config", overrides=line, return_hydra_config=with_hydra)
    assert [OmegaConf.to_yaml(config) for config in ours] == [OmegaConf.to_yaml(theirs)] * 2
    assert all(OmegaConf.is_struct(config) for config in ours)


@pytest.mark.parametrize("wrong", ["method.betta=1", "method=dpoo", "+seed=1", "~seed=7", "metod@method=ppo"])
def test_what_hydra_refuses_is_refused_in_its_words(wrong: str) -> None:
    with composer():
        with pytest.raises(HydraException) as theirs:
            compose("config", overrides=["method=dpo", wrong])
        with pytest.raises(HydraException) as ours:
            composed("config", ["method=dpo", wrong], with_hydra=False)
    assert str(ours.value) == str(theirs.value)


def test_other_settings_of_the_same_choices_are_not_composed_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def composes(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("composed again")

    with composer():
        composed("config", ["method=kto", "seed=1"], with_hydra=True)
        monkeypatch.setattr(module, "compose", composes)
        config = composed("config", ["method=kto", f"root={tmp_path}"], with_hydra=False)
    assert (config.seed, config.root) == (0, str(tmp_path))
