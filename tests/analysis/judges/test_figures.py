from pathlib import Path

import pytest

from farm.analysis.judges.figures import judge_figures, margin
from farm.analysis.judges.labelled_set import ReadSet, read_labelled
from farm.analysis.judges.result import JudgeResult
from farm.labels.annotation_row import annotation_frame
from farm.stats.bootstrap import Resampling
from tests.analysis.judges.judge_tables import row

SAME = r"/seed\d+"
Answers = dict[str, dict[str, dict[str, dict]]]  # type: ignore[type-arg]


def read(path: Path, humans: Path | None = None) -> ReadSet:
    return read_labelled(path, humans, same_judge=SAME, max_items=None)


def results(found: ReadSet, n_resamples: int = 50) -> dict[str, JudgeResult]:
    everybody = [*found.judges, *([found.items.humans] if found.items.humans else [])]
    return {
        j.name: judge_figures(found.items, j, resampling=Resampling(seed=0, n_resamples=n_resamples)) for j in everybody
    }


def test_figures_by_hand(tmp_path: Path) -> None:
    # Humans: 1, 2, tie. The judge in the order AB: 1, 1, tie; BA: 1, 2, unparsed.
    rows = [row("1", "h", 1), row("2", "h", 2), row("3", "h", 1.5)]
    rows += [row("1", "j/AB", 1), row("2", "j/AB", 1), row("3", "j/AB", 1.5)]
    rows += [row("1", "j/BA", 1), row("2", "j/BA", 2), row("3", "j/BA", None)]
    annotation_frame(rows).to_parquet(tmp_path / "t.parquet")
    j = results(read(tmp_path / "t.parquet"))["j"].figures
    assert j.agreement.value == pytest.approx((2 / 3 + 1) / 2)
    assert (j.agreement.n_total, j.agreement.n_unparsed) == (5, 1)
    assert j.accuracy.value == pytest.approx(2 / 3)
    assert j.agreement_no_ties.value == pytest.approx((1 / 2 + 1) / 2)
    assert (j.agreement_first_shown_1.value, j.agreement_first_shown_2.value) == (pytest.approx(2 / 3), 1)
    assert (j.consistency.value, j.conflict.value, j.conflict.n_total) == (0.5, 0.5, 2)
    # Pairs without ties: both on item 1 prefer output_1, which is the longer and in AB the first; 1, 0 on item 2 ...
    assert j.prefers_first_shown.value == pytest.approx(3 / 4)  # AB: 1, 1 first; BA: 1 no, 2 first
    assert j.prefers_longer.value == pytest.approx(3 / 4)
    assert j.unparsed.value == pytest.approx(1 / 6)
    assert j.ties.value == pytest.approx(1 / 5)
    # S1 over five pairs: 1=1, 1=1, 1-2, 2=2, tie=tie; S2 without the last.
    assert (j.s1.value, j.s2.value) == (pytest.approx(4 / 5), pytest.approx(3 / 4))
    # The votes 1, {1, 2} and tie: AlpacaEval takes 2, right; at random half right. Each 1/3 of the items.
    assert (j.bias_alpaca_eval.value, j.bias_expected.value) == (0, pytest.approx(0.5 / 3))
    # Items 1 and 2 have two verdicts: errors 0, 0 and 1, 1.
    assert j.variance_expected.value == pytest.approx(0.5)
    assert j.usd_per_1000.value is None and j.usd_per_1000.reason == "no price is recorded"


def test_a_margin_is_over_the_same_items(tmp_path: Path) -> None:
    # The judge is asked about items 1 and 2 and right on both; the other is right on item 1 and on 3, which is not its.
    rows = [row(str(k), "h", 1) for k in (1, 2, 3)] + [row("1", "j", 1), row("2", "j", 1)]
    rows += [row("1", "other", 1), row("2", "other", 2), row("3", "other", 1)]
    annotation_frame(rows).to_parquet(tmp_path / "t.parquet")
    found = read(tmp_path / "t.parquet")
    gap = margin(found.items, *found.judges, resampling=Resampling(seed=0, n_resamples=20))
    assert (gap.value, gap.n_total) == (0.5, 2)


def test_without_humans_everything_else_is_there(tmp_path: Path) -> None:
    annotation_frame([row("1", "j/AB", 1), row("1", "j/BA", 2)]).to_parquet(tmp_path / "t.parquet")
    j = results(read(tmp_path / "t.parquet"))["j"].figures
    assert j.agreement.value is None and j.agreement.reason == "there are no human labels"
    assert j.conflict.value == 1


@pytest.mark.slow
def test_llmbars_accuracy_of_65_judges(humandata: Path, known_answers: Answers) -> None:
    expected = known_answers["llmbar"]["accuracy_table"]["value"]
    found = results(read(humandata / "llmbar_judges.parquet", humandata / "llmbar.parquet"), n_resamples=20)
    del found["humans"]
    assert len(found) == 65
    for name, judge in found.items():
        by_subset = {subset.rsplit("/", 1)[1]: round(value.value or 0, 4) for subset, value in judge.by_dataset.items()}
        assert by_subset == {subset: expected[name][subset] for subset in ("Natural", "GPTInst")}
    assert found["ChatGPT/CoT"].figures.unparsed.value == pytest.approx(2 / 384)


def test_fairevals_judge_in_both_orders(humandata: Path, known_answers: Answers) -> None:
    expected = known_answers["faireval"]
    found = results(read(humandata / "faireval.parquet"))
    gpt_4 = found["gpt-4/qlora-threeclass"].figures
    assert gpt_4.conflict.value == expected["gpt4_position_conflict_rate"]["value"]
    balanced = expected["gpt4_balanced_position_accuracy_3class"]["value"]
    assert round(gpt_4.agreement_both_orders.value or 0, 4) == balanced
    for order, figure in (("AB", gpt_4.agreement_first_shown_1), ("BA", gpt_4.agreement_first_shown_2)):
        assert figure.value == expected[f"judge__gpt-4/qlora-threeclass/{order}"]["value"]["accuracy_3class"]
    one = expected["judge__gpt-4-0328/vicuna-score10/AB"]["value"]
    other = found["gpt-4-0328/vicuna-score10"].figures
    assert other.agreement.value == one["accuracy_3class"]
    assert round(other.agreement_no_ties.value or 0, 4) == one["accuracy_both_nontie"]
    assert other.agreement_no_ties.n_total == one["n_both_nontie"]
    assert round(other.kappa.value or 0, 4) == one["kappa_3class"]


def test_pandalms_judges(humandata: Path, pandalm_answers: dict[str, dict]) -> None:  # type: ignore[type-arg]
    found = results(read(humandata / "pandalm.parquet"))
    for judge in ("gpt-3.5-turbo", "pandalm-7b"):
        figures = found[judge].figures
        dropped = pandalm_answers[f"{judge}__vs_human_majority[garbage_dropped]"]["value"]
        wrong = pandalm_answers[f"{judge}__vs_human_majority[garbage_as_wrong]"]["value"]
        no_ties = pandalm_answers[f"{judge}__accuracy_nontie"]["value"]
        assert round(figures.agreement.value or 0, 4) == dropped["accuracy"]
        assert round(figures.accuracy.value or 0, 4) == wrong["accuracy"]
        assert round(figures.agreement_no_ties.value or 0, 4) == no_ties["accuracy"]
        assert figures.agreement_no_ties.n_total == no_ties["n"]
    humans = found["humans"].figures
    assert round(humans.agreement.value or 0, 4) == pandalm_answers["human_leave_one_out_majority"]["value"]
    assert round(humans.prefers_longer.value or 0, 4) == 0.6678
    assert found["pandalm-7b"].figures.kappa.value == pytest.approx(
        pandalm_answers["pandalm-7b__kappa_vs_majority"]["value"], abs=5e-5
    )


def test_gpt_4s_seeds_are_repetitions_of_one_judge(humandata: Path, known_answers: Answers) -> None:
    (judge,) = read(humandata / "alpacafarm_gpt4_seeds_b1.parquet").judges
    assert judge.name == "gpt4_b1"
    figures = results(read(humandata / "alpacafarm_gpt4_seeds_b1.parquet"))["gpt4_b1"].figures
    expected = known_answers["alpacafarm_gpt4_seeds"]["gpt4_b1_variance"]
    assert figures.variance_alpaca_eval.value == pytest.approx(expected["published"], abs=1e-12)
    assert figures.variance_expected.value == pytest.approx(expected["published"], abs=1e-12)
    # The row gpt4_b1 of AlpacaEval's table at the time: 43.73 USD and 2717.26 s per 1000.
    assert figures.usd_per_1000.value == pytest.approx(43.73407407407408)
    assert figures.seconds_per_1000.value == pytest.approx(2717.255217875)
