import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from farm.analysis.humans.comparison import HumanComparison, RankingSettings, Source, compare_with_humans
from farm.analysis.humans.json_file import human_comparison_json, write_human_comparison
from farm.analysis.humans.report import human_page
from farm.analysis.humans.sources import read_source
from farm.errors import UserError
from farm.labels.annotation_row import annotation_frame
from farm.labels.matched import match_labels
from farm.labels.published.standings import read_standings
from farm.labels.read import read_annotations
from farm.reports.page import markdown
from farm.stats.bootstrap import Resampling
from farm.stats.ranking.correlations import Correlations
from farm.stats.ranking.draws.consensus import consensus
from farm.stats.ranking.pair_counts import ClusterCounts, comparisons_of
from tests.labels.label_rows import crowd, row
from tests.paths import ROOT

TABLE_2 = ROOT / "leaderboard" / "human" / "alpacafarm_table2.csv"


def settings(**changes: object) -> RankingSettings:
    given = {
        "rule": None,
        "tie_model": "half_wins",
        "soft_verdicts": False,
        "trained_in_lab": None,
        "resampling": Resampling(seed=0, n_resamples=200),
    } | changes
    return RankingSettings(**given)  # type: ignore[arg-type]


def given(frame: pd.DataFrame) -> Source:
    return Source(path=Path("labels.parquet"), content=frame)


def compared(humans: pd.DataFrame | None, simulated: pd.DataFrame | None, **changes: object) -> HumanComparison:
    sides = [None if frame is None else given(frame) for frame in (humans, simulated)]
    return compare_with_humans(sides[0], sides[1], settings(**changes))


def published(path: Path = TABLE_2, **columns: str) -> HumanComparison:
    sides = [
        Source(path=path, content=read_standings(path, role, columns.get(role)))  # type: ignore[arg-type]
        for role in ("humans", "simulated")
    ]
    return compare_with_humans(sides[0], sides[1], settings())


def values(found: Correlations) -> dict[str, float]:
    return {name: round(getattr(found, name).estimate.value, 4) for name in ("spearman", "kendall", "pearson")}


@pytest.fixture(scope="module")
def pandalm(humandata: Path) -> pd.DataFrame:
    return read_annotations(humandata / "raw" / "pandalm")


@pytest.mark.parametrize("judge", ["gpt-3.5-turbo", "pandalm-7b"])
def test_pandalm_rankings(pandalm: pd.DataFrame, pandalm_answers: dict[str, dict[str, object]], judge: str) -> None:
    found = compared(pandalm, pandalm[pandalm["annotator"] == judge])
    assert found.humans is not None and found.simulated is not None
    for side, name in ((found.humans, "human_majority"), (found.simulated, judge)):
        rates = {m.model: round(m.win_rate or 0, 4) for m in side.models}
        assert rates == pandalm_answers[f"model_win_rate_{name}"]["value"]
    against = f"{judge}_vs_human_majority"
    expected = [pandalm_answers[f"ranking_correlation_{scale}_{against}"]["value"] for scale in ("winrate", "BT")]
    for correlations, answer in zip((found.ranking.on_win_rates, found.ranking.on_strengths), expected, strict=True):
        assert values(correlations) | {"n_models": 5} == answer
        for name in ("spearman", "kendall", "pearson"):
            one = getattr(correlations, name).estimate
            assert one.low <= one.value <= one.high and one.low < one.high
    ranking = found.humans.ranking
    assert ranking is not None
    strengths = {m.model: round(m.strength.value or 0, 4) for m in ranking.models}
    assert strengths == pandalm_answers["bradley_terry_human_majority"]["value"]


def test_pandalm_pair_tables(pandalm: pd.DataFrame, pandalm_answers: dict[str, dict[str, object]]) -> None:
    labels = match_labels(pandalm, None)
    assert labels.humans is not None
    comparisons = comparisons_of(
        labels.model_1, labels.model_2, 2 - consensus(labels.humans.labels), labels.instruction_keys
    )
    counts = ClusterCounts(comparisons)
    observed = counts.observed()
    expected = pandalm_answers["pairwise_counts_human_majority"]["value"]
    assert isinstance(expected, dict) and len(expected) == counts.pairs.n_pairs == 10
    for k in range(10):
        names = [comparisons.models[side[k]] for side in (counts.pairs.first, counts.pairs.second)]
        wins, losses, ties = (float(c[0, k]) for c in (observed.wins, observed.losses, observed.ties))
        assert expected["|".join(names)] == {"win_1": wins - ties / 2, "tie": ties, "win_2": losses - ties / 2}


@pytest.mark.parametrize(
    ("judge", "table"),
    [("gpt-3.5-turbo", "pair_table_gpt-3.5-turbo(garbage=tie)"), ("pandalm-7b", "pair_table_pandalm-7b")],
)
def test_pandalm_pair_tables_of_the_judges(
    pandalm: pd.DataFrame, pandalm_answers: dict[str, dict[str, object]], judge: str, table: str
) -> None:
    """The published cells (wins, losses, ties); there an unreadable reply counts as a tie."""
    labels = pandalm[pandalm["annotator"] == judge].fillna({"preference": 1.5})
    expected = pandalm_answers[table]["value"]
    assert len(expected) == 10  # type: ignore[arg-type]
    for pair, cells in expected.items():  # type: ignore[attr-defined]
        one, other = pair.split("|")
        there = labels[(labels["model_1"] == one) & (labels["model_2"] == other)]["preference"]
        back = 3 - labels[(labels["model_1"] == other) & (labels["model_2"] == one)]["preference"]
        both = [*there, *back]
        assert [both.count(1.0), both.count(2.0), both.count(1.5)] == cells


@pytest.mark.slow
def test_pandalm_single_humans(pandalm: pd.DataFrame, pandalm_answers: dict[str, dict[str, object]]) -> None:
    expected = pandalm_answers["ranking_correlation_single_humans"]["value"]
    assert isinstance(expected, dict)
    for pair, answer in expected.items():
        one, other = (pandalm[pandalm["annotator"].str.endswith(f"human_{k}")] for k in pair.split("-"))
        found = compared(one, other.assign(annotator_kind="llm"))
        assert values(found.ranking.on_win_rates) | {"n_models": 5} == answer


def test_pandalm_agreement(pandalm: pd.DataFrame, pandalm_answers: dict[str, dict[str, object]]) -> None:
    found = compared(pandalm, pandalm)
    pairs = {f"{p.first[-1]}-{p.second[-1]}": p for p in found.human_pairs}
    assert {n: round(p.raw.value or 0, 4) for n, p in pairs.items()} == pandalm_answers[
        "human_pairwise_raw_agreement_3class"
    ]["value"]
    assert {n: round(p.kappa.value or 0, 4) for n, p in pairs.items()} == pandalm_answers["human_cohen_kappa"]["value"]
    assert (
        round(found.agreement.leave_one_out.value or 0, 4) == pandalm_answers["human_leave_one_out_majority"]["value"]
    )
    # All three humans label every item, so S1 among them is the mean of the three pairs.
    mean = pandalm_answers["human_pairwise_raw_agreement_3class_mean"]["value"]
    assert round(found.agreement.human_human_s1.value or 0, 4) == mean
    gpt = found.agreement_by_annotator["gpt-3.5-turbo"]
    assert round(gpt.raw.value or 0, 4) == 0.7156 and (gpt.raw.n_total, gpt.raw.n_unparsed) == (974, 25)
    # Published with the 25 unparsed as wrong, over all 999 items; here they are left out.
    wrong = pandalm_answers["gpt-3.5-turbo__mean_agreement_with_single_human"]["value"]
    assert round((gpt.s1.value or 0) * 974 / 999, 4) == wrong
    assert (gpt.n_items, gpt.n_pairs) == (974, 3 * 974)


@pytest.mark.slow
def test_alpaca_evals_win_rates_and_standard_errors(humandata: Path) -> None:
    answers = json.loads((humandata / "known_answers_visible.json").read_text())["alpaca_eval"]
    table = read_annotations(humandata / "alpaca_eval1_gpt4.parquet")
    found = compared(None, table, resampling=Resampling(seed=0, n_resamples=50))
    assert found.simulated is not None and found.simulated.ranking is not None
    assert found.simulated.ranking.reference == "text_davinci_003"
    expected = answers["alpaca_eval1_gpt4"]["value"]
    assert {m.model for m in found.simulated.models} == set(expected) and len(expected) == 34
    for model in found.simulated.models:
        answer = expected[model.model]
        assert 100 * (model.win_rate or 0) == pytest.approx(answer["win_rate"], abs=1e-4)
        assert 100 * (model.standard_error or 0) == pytest.approx(answer["standard_error"], abs=1e-4)
        assert model.n_total == answer["n"]
    assert "there are no human labels" in found.agreement.raw.reason


@pytest.mark.parametrize(("key", "file"), [("f15e44d", "benchmarks_f15e44d.csv"), ("HEAD", "benchmarks.csv")])
def test_correlation_of_benchmarks_with_the_arena(humandata: Path, key: str, file: str) -> None:
    answers = json.loads((humandata / "known_answers_visible.json").read_text())["alpaca_eval"]
    (name,) = [n for n in answers if n.startswith("spearman_with_chatbot_arena") and f"@{key}" in n]
    path = humandata / "raw" / "alpaca_eval" / "notebooks" / file
    for column, expected in answers[name]["value"].items():
        found = published(path, humans="Arena Elo [Feb 2, 2024]", simulated=column).ranking
        assert len(found.models) == expected["n"]
        assert values(found.on_win_rates)["spearman"] == expected["spearman"]
        assert values(found.on_win_rates)["kendall"] == expected["kendall"]


def test_alpacafarms_table_2_with_its_honest_interval() -> None:
    found = published()
    everything = found.ranking.on_win_rates.spearman
    assert everything.estimate.value == pytest.approx(0.976, abs=5e-4) and len(found.ranking.models) == 10
    assert found.n_not_trained == 4 and found.trained_ranking is not None
    trained = found.trained_ranking.on_win_rates.spearman
    assert trained.estimate.value == pytest.approx(0.943, abs=5e-4) and trained.estimate.n_total == 6
    # Its own standard errors played again: 0.80 on average, from 0.54 to 1.00; over all ten 0.94, 0.88 to 0.99.
    assert trained.repeated_mean == pytest.approx(0.80, abs=0.02)
    assert trained.repeated_low == pytest.approx(0.54, abs=0.01) and trained.repeated_high == pytest.approx(1.0)
    assert everything.repeated_mean == pytest.approx(0.94, abs=0.01)
    assert trained.estimate.low == pytest.approx(0.54, abs=0.01) and trained.estimate.high == 1
    # The two inversions of the paper, neither beyond its noise.
    assert {(p.model, p.other) for p in found.ranking.inversions} == {("SFT 10k", "SFT 52k"), ("PPO", "ChatGPT")}
    assert not any(p.is_beyond_noise for p in found.ranking.inversions)
    assert found.agreement.raw.value is None and found.agreement.raw.reason


def test_labels_against_published_figures(tmp_path: Path) -> None:
    path = tmp_path / "published.csv"
    path.write_text("model,win_rate,standard_error\na,20,2\nb,40,2\nc,60,2\nd,80,2\ne,90,1\n")
    table = crowd(800)
    humans = Source(path=path, content=read_standings(path, "humans", None))
    found = compare_with_humans(humans, given(table), settings())
    assert found.ranking.models == ("a", "b", "c", "d")
    assert found.ranking.on_win_rates.spearman.estimate.value == pytest.approx(1)
    assert "1 model is only ranked by humans: e" in found.notes


def test_without_standard_errors_no_inversion_counts_as_beyond_noise(tmp_path: Path) -> None:
    path = tmp_path / "published.csv"
    path.write_text(
        "model,human_win_rate,simulated_win_rate,simulated_standard_error\na,20,90,1\nb,40,50,1\nc,60,10,1\n"
    )
    found = published(path)
    assert found.ranking.without_errors == "humans" and len(found.ranking.inversions) == 3
    assert not any(pair.is_beyond_noise for pair in found.ranking.inversions)
    assert "unknown, for the figures of humans have no standard errors" in markdown(human_page(found, frozenset()))


def test_published_elo_without_errors_is_no_win_rate_and_has_no_interval(tmp_path: Path) -> None:
    for name, values in (("people", (1000, 1040, 1020)), ("judges", (900, 910, 905))):
        lines = "".join(f"{model},{value}\n" for model, value in zip("abc", values, strict=True))
        (tmp_path / f"{name}.csv").write_text(f"model,elo\n{lines}")
    sources = [
        Source(path=tmp_path / f"{name}.csv", content=read_standings(tmp_path / f"{name}.csv", role, "elo"))
        for name, role in (("people", "humans"), ("judges", "simulated"))
    ]
    found = compare_with_humans(*sources, settings())
    text = markdown(human_page(found, frozenset()))
    assert "| all 3  | elo | Spearman    | 1.000 |        3 |                   - |" in text
    assert "win rate" not in text.replace("elo is no win rate against one reference", "") and "p, all pairs" not in text
    content = human_comparison_json(found)
    assert content["ranking"]["spearman"]["value"] == 1 and content["ranking"]["spearman"]["low"] is None
    assert content["ranking"]["without_errors"] == "humans and simulated"
    assert content["ranking"]["win_rates"]["spearman"]["reason"] == "humans and simulated: elo is no win rate"
    best = content["models"][0]
    assert (best["human_win_rate"], best["human_score"], best["human_low"]) == (None, 1040, None)
    assert {(pair["p_same_order"], pair["reason"]) for pair in content["pairs"]} == {
        (None, "a figure of humans and simulated comes without a standard error")
    }


def test_labels_on_equal_outputs_are_no_disagreement(tmp_path: Path) -> None:
    def rows(annotator: str, kind: str, on_equal: float) -> list[dict[str, object]]:
        equal = [
            {"instruction": f"q{k}", "output_1": "same", "output_2": "same", "preference": on_equal} for k in range(4)
        ]
        other = [{"instruction": f"r{k}", "output_1": "one", "output_2": "two", "preference": 1} for k in range(8)]
        return [{**row, "annotator": annotator, "annotator_kind": kind} for row in equal + other]

    (tmp_path / "t.json").write_text(json.dumps(rows("w1", "human", 1) + rows("judge", "llm", 1.5)))
    humans, simulated = (
        read_source(tmp_path / "t.json", role, column=None, format=None, annotator=None)
        for role in ("humans", "simulated")
    )
    found = compare_with_humans(humans, simulated, settings())
    # A judge that says tie on equal texts is right: 8 of 8, not 8 of 12.
    assert (found.agreement.raw.value, found.agreement.raw.n_total) == (1, 8)
    assert any("4 of 12 labels prefer one of two outputs with the same text" in note for note in found.notes)
    (tmp_path / "t.json").write_text(json.dumps(rows("w1", "human", 1)[:4]))
    with pytest.raises(UserError, match="all 4 labels are on two outputs with the same text"):
        read_source(tmp_path / "t.json", "humans", column=None, format=None, annotator=None)


def test_models_are_ranked_by_hand_and_a_split_is_a_tie() -> None:
    rows = [row("1", f"h{k}", p) for k, p in enumerate([1, 2, 1.5])]
    rows += [row("2", f"h{k}", p, ("b", "c")) for k, p in enumerate([1, 1, 2])]
    rows += [row("3", f"h{k}", p, ("c", "a")) for k, p in enumerate([2, 2, 2])]
    rows += [row(i, "judge", 1, pair) for i, pair in (("1", ("a", "b")), ("2", ("b", "c")), ("3", ("c", "a")))]
    found = compared(annotation_frame(rows), annotation_frame(rows))
    assert found.humans is not None and found.simulated is not None
    # a: tie with b, beats c: 3/4. b: tie with a, beats c: 3/4. c: 0. The judge always prefers output_1: 1/2 each.
    assert {m.model: m.win_rate for m in found.humans.models} == {"a": 0.75, "b": 0.75, "c": 0.0}
    assert {m.win_rate for m in found.simulated.models} == {0.5}
    spearman = found.ranking.on_win_rates.spearman.estimate
    assert spearman.value is None and spearman.reason == "simulated: all models are equal"


def test_renaming_models_changes_no_number() -> None:
    plain, renamed = crowd(), crowd(names="zyxw")
    one, other = compared(plain, plain), compared(renamed, renamed)
    assert one.agreement == other.agreement
    for name in ("spearman", "kendall", "pearson"):
        a, b = (getattr(c.ranking.on_strengths, name).estimate for c in (one, other))
        assert (a.value, a.low, a.high) == pytest.approx((b.value, b.low, b.high))
    back = dict(zip("zyxw", "abcd", strict=True))
    assert [(p.model, p.other) for p in one.ranking.pairs] == [
        (back[p.model], back[p.other]) for p in other.ranking.pairs
    ]


def test_annotators_are_resampled_where_there_are_several() -> None:
    table = crowd()
    two = compared(table, table)
    one = compared(table[table["annotator"] != "h2"], table)
    assert any("humans: one annotator" in note for note in one.notes)
    assert not any("humans: one annotator" in note for note in two.notes)


def test_groups_of_models_that_never_meet_leave_the_labels() -> None:
    rows = [
        row(f"{k}{i}", a, 1 + (k + i) % 2, pair)
        for i, pair in enumerate([("a", "b"), ("c", "d")]) for k in range(6) for a in ("h1", "judge")
    ]  # fmt: skip
    found = compared(annotation_frame(rows), annotation_frame(rows))
    assert "a, b | c, d" in found.refusal and "a, b | c, d" in found.ranking.reason
    assert found.agreement.raw.value == 1.0
    assert found.ranking.on_win_rates.spearman.estimate.value is None


def test_no_number_in_the_file_is_missing_without_a_reason(tmp_path: Path) -> None:
    tables = {
        "plain": crowd(),
        "ties": crowd().assign(preference=1.5),
        "one judge verdict": crowd(annotators=("h1", "judge")).assign(
            preference=lambda f: np.where(
                (f["annotator"] == "judge") & (f["item_id"] != "0003"), np.nan, f["preference"]
            )
        ),
        "no models": crowd().assign(model_1="", model_2=""),
    }
    for name, table in tables.items():
        found = compared(table, table, resampling=Resampling(seed=0, n_resamples=60))
        write_human_comparison(found, tmp_path / "comparison.json")
        for path, figure in figures(json.loads((tmp_path / "comparison.json").read_text())):
            assert figure["value"] is not None or figure["reason"], (name, path)
            assert figure["low"] is not None or figure["reason"], (name, path)
        assert "nan" not in markdown(human_page(found, frozenset())).lower().split()


def figures(value: object, path: str = "") -> list[tuple[str, dict[str, object]]]:
    """Every {value, low, high, n, ...} in a JSON document."""
    if isinstance(value, dict):
        own = [(path, value)] if {"value", "low", "high", "n"} <= value.keys() else []
        return own + [found for key, part in value.items() for found in figures(part, f"{path}.{key}")]
    return [f for k, part in enumerate(value) for f in figures(part, f"{path}.{k}")] if isinstance(value, list) else []


def test_comparison_json_has_the_documented_keys() -> None:
    table = crowd()
    content = human_comparison_json(compared(table, table))
    agreement, ranking = content["label_agreement"], content["ranking"]
    assert isinstance(agreement, dict) and isinstance(ranking, dict)
    assert agreement.keys() == {
        "n_items", "n_pairs", "raw", "s1", "s2", "leave_one_out", "human_human_s1", "human_human_s2",
        "pearson", "mean_difference", "human_human_pearson", "human_human_mean_difference", "kappa"
    }  # fmt: skip
    assert (agreement["n_items"], agreement["n_pairs"]) == (240, 480)
    assert ranking["n_models"] == 4
    for scale in (ranking, ranking["win_rates"], ranking["bradley_terry"]):
        for name in ("spearman", "kendall", "pearson"):
            assert {"value", "low", "high", "n"} <= scale[name].keys()
    (best, *_) = content["models"]  # type: ignore[misc]
    for side in ("human", "simulated"):
        assert {f"{side}_win_rate", f"{side}_standard_error", f"{side}_n"} <= best.keys()
    assert best["model"] == "d" and isinstance(content["inversions"], list)
    assert len(content["pairs"]) == 6  # type: ignore[arg-type]


def test_an_unknown_trained_model_is_an_error() -> None:
    with pytest.raises(UserError, match="trained_in_lab: no model q; there are a, b, c, d"):
        compared(crowd(), crowd(), trained_in_lab=("a", "q"))
    found = compared(crowd(), crowd(), trained_in_lab=("a", "b", "c"))
    assert found.n_not_trained == 1 and found.trained_ranking is not None
    assert found.trained_ranking.models == ("a", "b", "c")


def test_sides_without_a_model_in_common_say_what_each_has(tmp_path: Path) -> None:
    path = tmp_path / "published.csv"
    path.write_text("model,win_rate\nx,20\ny,40\n")
    humans = Source(path=path, content=read_standings(path, "humans", None))
    with pytest.raises(UserError, match="no model in common: humans x, y, simulated a, b, c, d"):
        compare_with_humans(humans, given(crowd()), settings())


@pytest.mark.slow
def test_a_hundred_thousand_labels_take_seconds() -> None:
    rng = np.random.default_rng(0)
    n_items, n_annotators = 12_500, 7
    first = rng.integers(0, 20, n_items)
    second = (first + rng.integers(1, 20, n_items)) % 20
    item = np.repeat(np.arange(n_items), n_annotators + 1)
    annotator = np.tile(np.arange(n_annotators + 1), n_items)
    frame = pd.DataFrame(
        {
            "item_id": np.char.add("i", item.astype(str)), "dataset": "", "input": "",
            "instruction": np.char.add("do ", item.astype(str)),
            "model_1": np.char.add("m", first[item].astype(str)),
            "model_2": np.char.add("m", second[item].astype(str)), "output_1": "x", "output_2": "y",
            "annotator": np.char.add("h", annotator.astype(str)),
            "annotator_kind": np.where(annotator == n_annotators, "llm", "human"),
            "preference": rng.choice([1.0, 1.5, 2.0], len(item)), "raw_label": "",
        }
    )  # fmt: skip
    started = time.process_time()
    found = compared(frame, frame, resampling=Resampling(seed=0, n_resamples=1000))
    assert time.process_time() - started < 60
    assert found.agreement.n_pairs == n_items * n_annotators
    assert found.agreement.raw.value == pytest.approx(1 / 3, abs=0.02)


def test_annotators_rank_one_by_one() -> None:
    table = crowd(annotators=("h1", "h2", "judge", "other"))
    human, machine = table["annotator_kind"] == "human", table["annotator_kind"] == "llm"
    found = compared(table[human], table[machine])
    assert [(side.role, side.source) for side in found.annotator_rankings] == [
        ("humans", "h1"), ("humans", "h2"), ("simulated", "judge"), ("simulated", "other"),
    ]  # fmt: skip
    alone = compared(table[human], table[table["annotator"] == "judge"])
    assert values(found.ranking_by_annotator["judge"].on_win_rates) == values(alone.ranking.on_win_rates)
    said = human_comparison_json(found)
    assert said["ranking_by_annotator"].keys() == {"judge", "other"}  # type: ignore[union-attr]
    text = markdown(human_page(found, frozenset()))
    assert "## Annotator by annotator" in text and "| other" in text


def test_a_human_who_does_not_look_is_named() -> None:
    table = crowd(annotators=("h1", "h2", "h3", "judge"))
    table.loc[table["annotator"] == "h3", "preference"] = 1.0
    found = compared(table[table["annotator_kind"] == "human"], table[table["annotator_kind"] == "llm"])
    assert found.screening is not None
    assert {flag.annotator for flag in found.screening.flags} == {"h3"}
    text = markdown(human_page(found, frozenset()))
    assert "nearly always output_1 (which output was shown first is not recorded)" in text
    assert human_comparison_json(found)["flagged_humans"][0]["annotator"] == "h3"  # type: ignore[index]
