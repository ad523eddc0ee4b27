"""Too few pairs for a reward model are reported with the setting that is the cause, before anything is trained."""

import pytest

from farm.commands.run import plan
from farm.config.compose import expand
from farm.errors import UnfitError


@pytest.mark.parametrize(("choice", "key"), [("pocket", "reward_model"), ("ensemble", "reward_model.member")])
def test_the_held_out_pairs_are_named_as_the_cause(choice: str, key: str) -> None:
    line = [f"reward_model={choice}", f"{key}.n_held_out=50", f"{key}.training.batch_size=16"]
    (planned,) = expand("config", line, plan, is_multirun=False)
    planned.chain.reward_model.check_pairs(66, "reward_model")
    with pytest.raises(
        UnfitError, match=f"^{key}.n_held_out=50 .*of at most 60 pairs 10 are left.*{key}.n_held_out=6,"
    ):
        planned.chain.reward_model.check_pairs(60, "reward_model")
