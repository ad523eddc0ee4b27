"""A command line is checked whole before anything starts."""

import pytest

from farm.config.compose import compose_one, expand, settings_as_axes
from farm.config.objects import ConfigError
from farm.options.run import plan


def problems_of(*overrides: str, is_multirun: bool = False) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        expand("config", overrides, plan, is_multirun=is_multirun)
    return {problem.where: problem.message for problem in caught.value.problems}


def test_one_run_is_one_job() -> None:
    (job,) = expand("config", ["method=dpo", "annotator=pool", "seed=3"], dict, is_multirun=False)
    assert (job["seed"], job["method"]["name"], job["annotator"]["name"]) == (3, "dpo", "pool")  # type: ignore[index]


def test_unknown_keys_groups_and_choices_come_together() -> None:
    assert "did you mean `method`?" in problems_of("metod=ppo")["metod"]
    found = problems_of("annotator=crowdd", "sed=1", "method.bta=3", "method=dpo", "seed=a", "model.dtype=float8", "x")
    assert "did you mean `crowd`?" in found["annotator"]
    assert "did you mean `seed`?" in found["sed"]
    assert "did you mean `method.beta`?" in found["method.bta"]
    assert "expected a number, as 0 is, got 'a'" in found["seed"]
    assert "'float32' or 'bfloat16'" in found["model.dtype"]
    assert "expected key=value" in found["x"]


def test_a_line_that_is_no_override_says_so() -> None:
    assert "expected key=value" in problems_of("crowd")["crowd"]


def test_several_values_need_a_sweep() -> None:
    assert "farm run -m" in problems_of("seed=0,1")["seed=0,1"]
    jobs = expand("config", ["seed=0,1", "method=sft,dpo"], dict, is_multirun=True)
    assert [(j["seed"], j["method"]["name"]) for j in jobs] == [  # type: ignore[index]
        (0, "sft"), (0, "dpo"), (1, "sft"), (1, "dpo"),
    ]  # fmt: skip


def test_the_command_line_has_the_last_word_over_a_written_sweep() -> None:
    whole = expand("config", ["experiment=pocket"], dict, is_multirun=False)
    assert len(whole) == 14
    some = expand("config", ["experiment=pocket", "method=sft", "seed=0,1"], dict, is_multirun=False)
    assert sorted((j["method"]["name"], j["seed"]) for j in some) == [("sft", s) for s in (0, 0, 1, 1)]  # type: ignore[index]


def test_other_commands_check_their_keys_too() -> None:
    with pytest.raises(ConfigError, match="did you mean `output`"):
        compose_one("leaderboard", ["outptu=x"], dict)


@pytest.mark.parametrize("name", ["gpt-3.5-turbo", "longest"])
def test_a_setting_may_be_named_like_a_folder_of_choices(name: str) -> None:
    assert compose_one("compare", [f"annotator={name}"], dict)["annotator"] == name
    with pytest.raises(ConfigError, match="one value, not several"):
        compose_one("compare", [f"annotator={name},b"], dict)


def test_a_setting_that_all_swept_methods_have_goes_to_each_of_them() -> None:
    line = ["method=ppo,quark", "method.n_steps=2", "annotator=crowd,pool"]
    jobs = expand("config", line, dict, is_multirun=True)
    assert [(j["method"]["name"], j["method"]["n_steps"]) for j in jobs] == [  # type: ignore[index]
        ("ppo", 2), ("ppo", 2), ("quark", 2), ("quark", 2),
    ]  # fmt: skip
    # dpo has no n_steps; best_of_n, which stands where nothing is chosen, has no beta.
    found = problems_of("method=ppo,dpo", "method.n_steps=2", is_multirun=True)
    assert "method=dpo has no such key" in found["method.n_steps"]
    assert expand("config", ["method=dpo,kto", "method.beta=0.5,0.2"], dict, is_multirun=True)


def test_a_setting_for_a_written_sweep_is_checked_against_its_choices() -> None:
    line = ["experiment=crlft_ablation", "method.start=sft", "seed=0", "method=crlft,crlft_sft_all"]
    assert len(expand("config", line, dict, is_multirun=True)) == 2
    found = problems_of("experiment=pocket", "method.beta=0.5", is_multirun=True)
    assert "method=ppo has no such key" in found["method.beta"]


def test_hydra_sets_a_setting_of_a_swept_group_in_every_job() -> None:
    line = ["method=ppo,quark", "method.n_steps=2", "model.dtype=float32", "seed=0", "method.update.batch_size=8,16"]
    assert settings_as_axes("config", line) == [
        "method=ppo,quark", "method.n_steps=choice(2)", "model.dtype=float32", "seed=0",
        "method.update.batch_size=8,16",
    ]  # fmt: skip
    assert settings_as_axes("config", ["method=ppo", "method.n_steps=2"]) == ["method=ppo", "method.n_steps=2"]
    written = ["experiment=crlft_ablation", "method.start=sft"]
    assert settings_as_axes("config", written) == ["experiment=crlft_ablation", "method.start=choice(sft)"]
