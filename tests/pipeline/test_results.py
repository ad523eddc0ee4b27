"""What is read back from a root: which policies labels have something to do with."""

from dataclasses import replace
from pathlib import Path

import pytest

from farm.calls.request import NO_CALLS
from farm.methods.preference.dpo import DPO
from farm.methods.preference.online_dpo import OnlineDPO
from farm.pipeline.results import label_free_methods, read_runs
from farm.pipeline.training import run_chain
from farm.store.artifacts import Store
from tests.pipeline.test_training import LONGEST_OF_4, SFT_METHOD, TRAINING, chain
from tests.tiny import tiny_causal_lm

DPO_METHOD = DPO(
    name="dpo", training=TRAINING, temperature=0.7, loss_type="sigmoid", beta=0.1, label_smoothing=None, ld_alpha=None,
    uses_wpo=False, rows_per_forward=8,
)  # fmt: skip
ONLINE = OnlineDPO(
    name="online_dpo", training=TRAINING, temperature=0.7, loss_type="sigmoid", beta=0.1, label_smoothing=None,
    rollout_temperature=1.0,
)  # fmt: skip
OTHER_SFT = replace(SFT_METHOD, name="longer_sft", training=replace(TRAINING, epochs=2))


@pytest.mark.parametrize("labelled", [DPO_METHOD, ONLINE], ids=["finished pairs", "asks for labels itself"])
def test_what_labels_cannot_move_is_label_free_but_for_the_start_of_what_they_move(
    tmp_path: Path, labelled: DPO | OnlineDPO
) -> None:
    tiny_causal_lm(tmp_path / "model")
    store = Store(tmp_path / "runs")
    whole = chain(tmp_path / "model", labelled)
    chains = {
        "labelled": whole,
        "sft": replace(whole, method=SFT_METHOD),
        "another_start": replace(whole, method=OTHER_SFT),
        "picker": replace(whole, method=LONGEST_OF_4),
        "best_of": replace(whole, best_of=2, scorer="longest"),
        "sft_best_of": replace(whole, method=SFT_METHOD, best_of=2, scorer="longest"),
    }
    runs = dict(
        zip(chains, read_runs(store, [run_chain(store, each, calls=NO_CALLS) for each in chains.values()]), strict=True)
    )
    free = {"longer_sft", "longest_of_n", "sft (best of 2 by longest)"}
    assert label_free_methods(list(runs.values())) == free
    # Without anything that learnt from labels there is nothing that they move.
    assert label_free_methods([runs["sft"], runs["picker"]]) == {"sft", "longest_of_n"}
    # Another seed of the SFT policy, from which nobody started, does not make a method of its name label-free.
    alone = replace(runs["sft"], policy="another key")
    assert label_free_methods([*runs.values(), alone]) == free
