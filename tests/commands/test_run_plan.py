"""Which runs a written sweep and the sweeps after it consist of."""

import yaml

from farm.config.conf_dirs import CONF_DIR
from farm.options.run import plan_following, plan_sweep


def test_controls_run_with_the_seeds_of_the_sweep_before_them() -> None:
    overrides = ["experiment=pocket_small", "method=sft", "annotator=crowd", "seed=3,5"]
    sweep = plan_sweep(overrides, is_multirun=True)
    controls = plan_following("pocket_controls", overrides, sweep)
    assert {job.chain.seed for job in sweep.jobs} == {job.chain.seed for job in controls.jobs} == {3, 5}
    assert {job.session.folder for job in controls.jobs} == {sweep.session.folder}
    assert len(controls.jobs) == 14


def test_the_sweep_of_all_methods_names_every_one_that_is_no_variant() -> None:
    written = yaml.safe_load((CONF_DIR / "experiment" / "methods.yaml").read_text())["hydra"]["sweeper"]["params"]
    methods = set(written["method"].split(","))
    there = {path.stem for path in (CONF_DIR / "method").glob("*.yaml")}
    variants = {n for n in there if n.endswith(("_paper", "_of_n")) or n.startswith("crlft_")} | {"quark_all"}
    assert there - variants == methods - {"best_of_n"} and "best_of_n" in methods
    assert len(methods) >= 14 and written["annotator"] == "crowd,pool" and written["seed"] == "0,1,2"
