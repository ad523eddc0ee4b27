from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from farm.compare.annotators import (
    AnnotatorsComparison,
    RankedModels,
    compare_annotators,
    mean_agreement,
)
from farm.compare.comparison_file import write_annotators
from farm.compare.label_tables import match_labels
from farm.compare.report import annotators_report
from farm.data.annotation_row import AnnotationRow, annotation_frame
from farm.data.annotations import read_annotations
from farm.errors import UserError
from farm.stats.agreement import accuracy, cohen_kappa, majority


def row(item: str, annotator: str, preference: float | None, models: tuple[str, str] = ("a", "b")) -> AnnotationRow:
    return AnnotationRow(
        item_id=item,
        instruction=f"Do {item}.",
        model_1=models[0],
        model_2=models[1],
        output_1="x",
        output_2="y",
        annotator=annotator,
        annotator_kind="human" if annotator.startswith("h") else "llm",
        preference=preference,
    )


@pytest.fixture(scope="module")
def pandalm(humandata: Path) -> AnnotatorsComparison:
    table = read_annotations(humandata / "raw" / "pandalm")
    return compare_annotators(table, table, seed=0, n_resamples=200)


def rounded(ranked: RankedModels) -> dict[str, float]:
    return {r.model: round(r.win_rate.win_rate, 4) for r in ranked.win_rates if r.win_rate.win_rate is not None}


def test_pandalm_win_rates(pandalm: AnnotatorsComparison, pandalm_answers: dict[str, dict[str, object]]) -> None:
    assert rounded(pandalm.majority) == pandalm_answers["model_win_rate_human_majority"]["value"]
    assert {judge.annotator for judge in pandalm.judges} == {"gpt-3.5-turbo", "pandalm-7b"}
    for judge in pandalm.judges:
        assert rounded(judge) == pandalm_answers[f"model_win_rate_{judge.annotator}"]["value"]
    assert [(j.n_total, j.n_unparsed) for j in pandalm.judges] == [(974, 25), (999, 0)]


def test_pandalm_strengths(pandalm: AnnotatorsComparison, pandalm_answers: dict[str, dict[str, object]]) -> None:
    found = pandalm.majority.strengths
    assert found is not None and found.strengths is not None
    rounded_strengths = {m: round(s, 4) for m, s in zip(found.models, found.strengths, strict=True)}
    assert rounded_strengths == pandalm_answers["bradley_terry_human_majority"]["value"]


@pytest.mark.parametrize("judge", ["gpt-3.5-turbo", "pandalm-7b"])
@pytest.mark.parametrize("scale", ["winrate", "BT"])
def test_pandalm_rank_correlations(
    pandalm: AnnotatorsComparison, pandalm_answers: dict[str, dict[str, object]], judge: str, scale: str
) -> None:
    (report,) = [r for r in pandalm.reports if r.judge == judge]
    against = report.versus_majority
    found = against.ranking if scale == "winrate" else against.strengths
    assert found is not None
    expected = pandalm_answers[f"ranking_correlation_{scale}_{judge}_vs_human_majority"]["value"]
    values = {name: getattr(found, name) for name in ("spearman", "kendall", "pearson")}
    assert {n: round(v.value, 4) for n, v in values.items()} | {"n_models": 5} == expected
    assert all(v.low <= v.value <= v.high for v in values.values())


def test_pandalm_agreement_of_humans(
    pandalm: AnnotatorsComparison, pandalm_answers: dict[str, dict[str, object]]
) -> None:
    pairs = {f"{p.first[-1]}-{p.second[-1]}": p for p in pandalm.human_pairs}
    raw = {name: round(p.agreement.value or 0, 4) for name, p in pairs.items()}
    kappa = {name: round(p.kappa.value or 0, 4) for name, p in pairs.items()}
    assert raw == pandalm_answers["human_pairwise_raw_agreement_3class"]["value"]
    assert kappa == pandalm_answers["human_cohen_kappa"]["value"]
    mean = mean_agreement([p.agreement for p in pandalm.human_pairs])
    assert mean is not None
    assert round(mean, 4) == pandalm_answers["human_pairwise_raw_agreement_3class_mean"]["value"]
    assert round(pandalm.leave_one_out.value or 0, 4) == pandalm_answers["human_leave_one_out_majority"]["value"]
    assert round(pandalm.leave_one_out_strict.value or 0, 4) == pandalm_answers["human_leave_one_out_strict"]["value"]
    pearson = {name: round(p.ranking.pearson.value or 0, 4) for name, p in pairs.items() if p.ranking}
    single = pandalm_answers["ranking_correlation_single_humans"]["value"]
    assert isinstance(single, dict)
    assert pearson == {name: numbers["pearson"] for name, numbers in single.items()}


@pytest.mark.parametrize("judge", ["gpt-3.5-turbo", "pandalm-7b"])
def test_pandalm_accuracy_of_judges(
    pandalm: AnnotatorsComparison, pandalm_answers: dict[str, dict[str, object]], judge: str
) -> None:
    (report,) = [r for r in pandalm.reports if r.judge == judge]
    for rule, found in (("dropped", report.unparsed_dropped), ("as_tie", report.unparsed_as_tie)):
        expected = pandalm_answers[f"{judge}__vs_human_majority[garbage_{rule}]"]["value"]
        assert isinstance(expected, dict)
        assert round(found.accuracy or 0, 4) == expected["accuracy"]
        assert round(found.macro_precision, 4) == expected["macro_precision"]
        assert round(found.macro_recall, 4) == expected["macro_recall"]
        assert round(found.macro_f1, 4) == expected["macro_f1"]
        assert [round(f, 4) for f in found.f1_tie_first_second] == expected["f1_tie_1_2"]
        assert found.n_total == expected["n"]
    without_ties = pandalm_answers[f"{judge}__accuracy_nontie"]["value"]
    assert {"accuracy": round(report.without_ties.value or 0, 4), "n": report.without_ties.n_total} == without_ties


def test_pandalm_figures_that_count_garbage_as_a_fourth_label(
    humandata: Path, pandalm_answers: dict[str, dict[str, object]]
) -> None:
    table = read_annotations(humandata / "pandalm.parquet")
    labels = match_labels(table, table)
    truth, gpt = majority(labels.humans.labels), labels.judges.labels[:, 0]
    garbage = np.where(np.isnan(gpt), 0.0, gpt)
    kappa = cohen_kappa(truth, garbage, seed=0, n_resamples=10).value
    assert round(kappa or 0, 4) == pandalm_answers["gpt-3.5-turbo__kappa_vs_majority"]["value"]
    expected = pandalm_answers["gpt-3.5-turbo__vs_human_majority[garbage_as_wrong]"]["value"]
    assert isinstance(expected, dict)
    assert round(accuracy(truth, gpt, unparsed="wrong").accuracy or 0, 4) == expected["accuracy"]


def test_a_three_way_split_is_a_tie_and_models_are_ranked_by_hand() -> None:
    rows = [row("1", f"h{k}", p) for k, p in enumerate([1, 2, 1.5])]
    rows += [row("2", f"h{k}", p, ("b", "c")) for k, p in enumerate([1, 1, 2])]
    rows += [row("3", f"h{k}", p, ("c", "a")) for k, p in enumerate([2, 2, 2])]
    rows += [
        row(item, "judge", 1, models) for item, models in (("1", ("a", "b")), ("2", ("b", "c")), ("3", ("c", "a")))
    ]
    table = annotation_frame(rows)
    result = compare_annotators(table, table, seed=0, n_resamples=50)
    # a: tie with b, beats c: 3/4. b: tie with a, beats c: 3/4. c: 0.
    assert rounded(result.majority) == {"a": 0.75, "b": 0.75, "c": 0.0}
    # The judge prefers output_1 always: each model wins once and loses once.
    assert rounded(result.judges[0]) == {"a": 0.5, "b": 0.5, "c": 0.5}
    ranking = result.reports[0].versus_majority.ranking
    assert ranking is not None and ranking.spearman.value is None and ranking.spearman.reason


def test_unparsed_and_unasked_are_different_things() -> None:
    rows = [row(str(k), h, 1) for k in range(4) for h in ("h1", "h2")]
    table = annotation_frame([*rows, row("0", "judge", 1), row("1", "judge", None)])
    (judge,) = compare_annotators(table, table, seed=0, n_resamples=10).judges
    assert (judge.n_total, judge.n_unparsed) == (1, 1)


def test_tables_without_common_items_are_matched_by_their_texts() -> None:
    humans = annotation_frame([row("h-1", "h1", 1)])
    judges = annotation_frame([row("h-1", "judge", 2)]).assign(item_id="other")
    assert compare_annotators(humans, judges, seed=0, n_resamples=10).reports[0].unparsed_dropped.accuracy == 0
    with pytest.raises(UserError, match="share no item"):
        compare_annotators(humans, judges.assign(output_1="z"), seed=0)


def test_one_item_shown_in_two_orders_is_refused() -> None:
    table = annotation_frame([row("1", "h1", 1), row("1", "judge", 1, ("b", "a"))])
    with pytest.raises(UserError, match="item '1' has other models or outputs for annotator 'judge'"):
        compare_annotators(table, table, seed=0)


def test_no_human_is_an_error() -> None:
    table = annotation_frame([row("1", "judge", 1)])
    with pytest.raises(UserError, match="humans: expected rows with annotator_kind 'human'"):
        compare_annotators(table, table, seed=0)


def test_renaming_models_changes_no_number(humandata: Path) -> None:
    table = read_annotations(humandata / "pandalm.parquet")
    renamed = table.assign(**{c: table[c].map(lambda m: m[::-1]) for c in ("model_1", "model_2")})
    one, other = (compare_annotators(t, t, seed=0, n_resamples=20) for t in (table, renamed))
    assert {m[::-1]: r for m, r in rounded(one.majority).items()} == rounded(other.majority)
    assert one.leave_one_out == other.leave_one_out


def test_the_report_without_models_says_so(tmp_path: Path) -> None:
    table = annotation_frame([row(str(k), a, 1 + k % 2, ("", "")) for k in range(6) for a in ("h1", "h2", "judge")])
    result = compare_annotators(table, table, seed=0, n_resamples=10)
    text = annotators_report(result)
    assert "no ranking of models" in text
    assert "h1 - h2" in text and "1.000" in text
    write_annotators(result, tmp_path / "annotators.json")
    assert pd.read_json(tmp_path / "annotators.json", typ="series")["n_items"] == 6


def test_the_report_of_pandalm_shows_the_ranking(pandalm: AnnotatorsComparison) -> None:
    text = annotators_report(pandalm)
    assert "71.1 +- 2.1" in text
    assert "Spearman  0.900 [" in text
    assert "gpt-3.5-turbo puts bloom-7b over pythia-6.9b" in text
