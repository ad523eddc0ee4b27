import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from farm.analysis.sweep.arms import Arm, ArmsComparison, compare_arms
from farm.analysis.sweep.json_file import write_comparison
from farm.analysis.sweep.report import arms_section, rankings_section
from farm.analysis.sweep.verdicts import verdict_table
from farm.errors import UserError
from farm.records import Outcome, Standing
from farm.reports.page import Page, markdown
from farm.stats.bootstrap import Resampling
from tests.analysis.sweep.verdict_maker import run, two_arms

CROWD, POOL = Arm(annotator_train="crowd", annotator_eval="crowd"), Arm(annotator_train="pool", annotator_eval="pool")
RATES = {"sft": 0.2, "dpo": 0.4, "ppo": 0.6, "best_of_n": 0.8}


def compared(verdicts: pd.DataFrame, *, crowd: Arm = CROWD, simulated: Arm = POOL) -> ArmsComparison:
    return compare_arms(
        verdicts,
        crowd=crowd,
        simulated=simulated,
        label_free=["longest"],
        resampling=Resampling(seed=0, n_resamples=200),
    )


def test_the_same_order_in_both_arms_is_a_correlation_of_one() -> None:
    result = compared(two_arms(RATES, {m: r / 2 for m, r in RATES.items()}))
    assert result.ranking.on_win_rates.spearman.estimate.value == pytest.approx(1)
    assert [row.method for row in result.rows] == ["best_of_n", "ppo", "dpo", "sft"]
    assert result.crowd_seeds == (0, 1) and result.n_instructions == 200


def test_label_free_and_shuffled_rows_are_shown_but_not_ranked() -> None:
    extra = [run("longest", 0.9, train="crowd", judge=judge) for judge in ("crowd", "pool")]
    extra += [run("best_of_n", 0.1, train="shuffled", judge=judge) for judge in ("crowd", "pool")]
    plain = two_arms(RATES, RATES)
    result = compared(pd.concat([plain, *extra]))
    assert result.ranking == compared(plain).ranking
    assert [(row.name, row.kind) for row in result.rows[4:]] == [
        ("best_of_n (shuffled)", "other"),
        ("longest", "label_free"),
    ]
    assert all(row.crowd and row.simulated for row in result.rows)


def test_a_method_of_one_arm_only_is_not_ranked() -> None:
    result = compared(pd.concat([two_arms(RATES, RATES), run("kto", 0.5, train="crowd", judge="crowd")]))
    (row,) = [row for row in result.rows if row.method == "kto"]
    assert row.kind == "other" and row.simulated is None
    assert result.ranking.models == ("best_of_n", "dpo", "ppo", "sft")


def test_only_seeds_that_all_methods_have_are_used() -> None:
    verdicts = two_arms(RATES, RATES, n_seeds=3)
    result = compared(verdicts[~((verdicts["method"] == "ppo") & (verdicts["seed"] == 1))])
    assert result.crowd_seeds == (0, 2)
    assert all(row.crowd and row.crowd.win_rate.n_seeds == 2 for row in result.rows)


def test_cross_judging_of_the_other_arm_does_not_enter() -> None:
    plain = two_arms(RATES, RATES)
    crossed = [run(m, 0.5, train="pool", judge="crowd", seed=s) for m in RATES for s in range(2)]
    assert compared(pd.concat([plain, *crossed])) == compared(plain)


def test_exchanging_the_arms_exchanges_the_columns() -> None:
    verdicts = two_arms(RATES, {"sft": 0.3, "dpo": 0.25, "ppo": 0.6, "best_of_n": 0.55})
    there, back = compared(verdicts), compared(verdicts, crowd=POOL, simulated=CROWD)
    assert there.ranking.on_win_rates.kendall.estimate.value == pytest.approx(
        back.ranking.on_win_rates.kendall.estimate.value
    )
    assert {r.name: (r.crowd, r.simulated) for r in there.rows} == {r.name: (r.simulated, r.crowd) for r in back.rows}


def test_the_order_of_the_rows_changes_nothing() -> None:
    verdicts = two_arms(RATES, RATES)
    assert compared(verdicts) == compared(verdicts.sample(frac=1, random_state=0))


def test_unparsed_verdicts_are_left_out_and_counted() -> None:
    verdicts = two_arms(RATES, RATES, n_seeds=1)
    verdicts = verdicts[~((verdicts["method"] == "sft") & (verdicts["annotator_eval"] == "crowd"))]
    result = compared(pd.concat([verdicts, run("sft", 0.2, train="crowd", judge="crowd", unparsed=30)]))
    (row,) = [row for row in result.rows if row.method == "sft"]
    assert row.crowd is not None
    assert (row.crowd.win_rate.n_total, row.crowd.win_rate.n_unparsed) == (170, 30)


def test_two_runs_under_one_name_are_refused() -> None:
    verdicts = two_arms(RATES, RATES)
    with pytest.raises(UserError, match="two runs would be rows of one name"):
        compared(pd.concat([verdicts, verdicts]))


def test_arms_without_a_common_method_say_what_each_has() -> None:
    with pytest.raises(UserError, match=r"no method is in both arms.*\['dpo'\].*\['ppo'\]"):
        compared(two_arms({"dpo": 0.5}, {"ppo": 0.5}))


def test_comparison_json_has_the_promised_keys(tmp_path: Path) -> None:
    verdicts = two_arms(RATES, {"sft": 0.2, "dpo": 0.6, "ppo": 0.4, "best_of_n": 0.8})
    verdicts = pd.concat([verdicts, run("longest", 0.5, train="crowd", judge="crowd")])
    path = tmp_path / "new" / "comparison.json"
    write_comparison(compared(verdicts), path, measured={"wall_seconds": 12.5})
    found = json.loads(path.read_text())
    for name in ("spearman", "kendall", "pearson"):
        assert {"value", "low", "high"} <= found["ranking"][name].keys()
    # Ranks 1 2 3 4 against 1 3 2 4: 1 - 6 * 2 / (4 * 15) = .8; one of six pairs inverted: (5 - 1) / 6
    assert found["ranking"]["spearman"]["value"] == pytest.approx(0.8)
    assert found["ranking"]["kendall"]["value"] == pytest.approx(2 / 3)
    assert found["ranking"]["n_models"] == 4 == len(found["models"])
    assert found["models"][0]["human_standard_error"] > 0 and found["models"][0]["human_n"] == 400
    assert [row["model"] for row in found["label_free"]] == ["longest"]
    (pair,) = found["inversions"]
    assert {pair["better_for_humans"], pair["better_for_simulated"]} == {"dpo", "ppo"}
    assert pair["is_beyond_noise"] is True
    assert found["sources"]["humans"]["n_seeds"] == 2
    assert found["sources"]["simulated"]["annotator_train"] == "pool"
    assert found["sources"]["simulated"]["annotators"] == ["pool"]
    assert found["wall_seconds"] == 12.5


def test_the_report_shows_intervals_counts_and_inversions() -> None:
    comparison = compared(two_arms(RATES, {"sft": 0.2, "dpo": 0.6, "ppo": 0.4, "best_of_n": 0.8}))
    text = markdown(Page(title="t", sections=(arms_section(comparison, ()), rankings_section(comparison))))
    assert "Spearman 0.800 [" in text
    assert "400 / 400" in text
    assert "crowd puts ppo over dpo" in text and "larger than noise" in text
    widths = {len(line) for line in text.splitlines() if line.startswith("|")}
    assert len(widths) == 1


def test_outcomes_of_runs_become_the_verdict_table() -> None:
    standing = Standing(
        method="dpo", annotator_train="crowd", annotator_eval="pool", seed=3, dataset="d", model="m", win_rate=0.5,
        standard_error=None, n_wins=1, n_ties=0, n_total=1, n_unparsed=0, n_instructions=1, mean_length=4, utility=None,
    )  # fmt: skip
    outcomes = [
        Outcome(instruction_key="i", annotator_eval=judge, score=score, n_wins=1, n_ties=0, n_losses=0, n_unparsed=0,
                length=4, utility=None)
        for judge, score in (("pool", 1.0), ("crowd", 0.0), ("pool", None))
    ]  # fmt: skip
    frame = verdict_table([(standing, outcomes)])
    assert frame["score"].tolist()[0] == 1 and np.isnan(frame["score"][1])
    assert frame[["method", "annotator_train", "annotator_eval", "seed"]].drop_duplicates().values.tolist() == [
        ["dpo", "crowd", "pool", 3]
    ]
