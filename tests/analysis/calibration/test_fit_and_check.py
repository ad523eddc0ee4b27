"""Calibration from tables: what is read, left out and refused, and that it pays on known and on real labels."""

import json

import numpy as np
import pandas as pd
import pytest

from farm.analysis.calibration.checks import figures, simulated_sides
from farm.analysis.calibration.data import CalibrationData, calibration_data, human_labels, recorded_verdicts
from farm.analysis.calibration.fit_and_check import Calibration, FitSettings, calibrate_crowd, n_steps
from farm.analysis.calibration.report import calibration_json, calibration_page, verdict_lines
from farm.annotators.noise.crowd import CrowdNoise
from farm.annotators.noise.noise import Label
from farm.errors import UserError
from farm.labels.read import read_annotations
from farm.records import Comparison, Preference
from farm.reports.page import markdown
from farm.stats.bootstrap import Resampling
from farm.stats.noise.scores import fold_of_items
from tests.paths import HUMANDATA

PANDALM = HUMANDATA / "pandalm.parquet"
SETTINGS = FitSettings(
    lapses=False, p_limit=0.99, n_workers=None, n_folds=3, n_simulations=20, n_resamples=300, seed=0
)  # fmt: skip
CROWD = CrowdNoise(
    n_workers=6, reliability_spread=0.3, temperature=None, verdict_log_odds=1.4, p_limit=0.99, opinion_sd=1.0,
    length_bias=1.0, list_bias=0.0, position_bias=0.0, tie_weight=0.5, lapse_rate=0.0, seed=5,
)  # fmt: skip


class NoBar:
    """Counts like a progress bar."""

    def __init__(self) -> None:
        self.n = 0

    def advance(self, n: int = 1) -> None:
        self.n += n

    def note(self, text: str) -> None:
        pass


def row(item: int, annotator: str, kind: str, preference: float | None, **more: object) -> dict[str, object]:
    rng = np.random.default_rng(item)
    lengths = rng.geometric(0.02, 2)
    return {
        "item_id": f"item-{item:04d}", "dataset": "made up", "instruction": f"question {item}", "input": "",
        "model_1": "m", "model_2": "n",
        "output_1": "a" + "x" * int(lengths[0]), "output_2": "b" + "y" * int(lengths[1]),
        "annotator": annotator, "annotator_kind": kind, "preference": preference, "raw_label": "", **more,
    }  # fmt: skip


def table(rows: list[dict[str, object]]) -> pd.DataFrame:
    return pd.DataFrame(rows).astype({"preference": "float64"})


def made_up(n_items: int, n_labels: int = 3) -> pd.DataFrame:
    """A judge and labels of a known crowd."""
    rows = []
    for item in range(n_items):
        judged = row(item, "judge", "llm", 1.0 if item % 2 else 2.0)
        comparison = Comparison(
            instruction=str(judged["instruction"]),
            output_1=str(judged["output_1"]),
            output_2=str(judged["output_2"]),
        )
        clean = Label(comparison, Preference(judged["preference"]), None, 0, "crowd", "judge")
        people: dict[str, float] = {}
        for seed in range(n_labels):
            label = CROWD.apply(clean, seed)
            assert label.preference is not None
            people[label.worker] = label.preference.value
        rows += [judged, *(row(item, name, "human", value) for name, value in people.items())]
    return table(rows)


def data_of(frame: pd.DataFrame) -> CalibrationData:
    people = human_labels(frame)
    return calibration_data(people, recorded_verdicts(people, frame, None), judge="judge", p_limit=0.99)


@pytest.fixture(scope="module")
def calibrated() -> tuple[CalibrationData, Calibration, NoBar]:
    data, bar = data_of(made_up(400)), NoBar()
    return data, calibrate_crowd(data, SETTINGS, bar=bar), bar


@pytest.mark.slow
def test_a_known_crowd_is_predicted_better_than_by_any_baseline(
    calibrated: tuple[CalibrationData, Calibration, NoBar],
) -> None:
    _, found, bar = calibrated
    assert [score.name for score in found.held_out.scores] == [
        "calibrated", "flat_flips", "judge_alone", "constant", "fitted_flips",
    ]  # fmt: skip
    for score in found.held_out.scores[1:]:
        assert score.ahead is not None and score.ahead.low is not None and score.ahead.low > 0
    assert bar.n == n_steps(SETTINGS)
    assert any(line.startswith("beats flat 25% flips") for line in verdict_lines(found.held_out.scores))


@pytest.mark.slow
def test_the_fitted_crowd_reproduces_the_real_figures(calibrated: tuple[CalibrationData, Calibration, NoBar]) -> None:
    _, found, _ = calibrated
    by_name = {figure.name: figure for figure in found.figures}
    for name in ("agreement", "variance", "judge_agreement", "prefer_longer", "tie_rate"):
        real, simulated = by_name[name].real, by_name[name].calibrated
        assert real.low is not None and real.high is not None and simulated.value is not None
        assert real.low - 0.02 < simulated.value < real.high + 0.02
    flat = by_name["tie_rate"].flat_flips
    assert flat.value == 0.0
    assert by_name["judge_agreement"].judge_alone.value == 1.0
    assert by_name["prefer_first_shown"].real.value is None
    assert by_name["prefer_first_shown"].real.reason == "no item to take it from"


@pytest.mark.slow
def test_the_report_and_the_file_hold_every_number_with_its_interval(
    calibrated: tuple[CalibrationData, Calibration, NoBar],
) -> None:
    _, found, _ = calibrated
    text = markdown(calibration_page(found, "mine"))
    assert "nan" not in text
    assert "- position_bias: not identified: the human labels record no order" in text
    content = json.loads(json.dumps(calibration_json(found, name="mine", config="mine.yaml"), allow_nan=False))
    assert content["n_items"] == 400
    assert content["parameters"]["position_bias"]["value"] is None
    assert content["parameters"]["position_bias"]["reason"]
    assert content["parameters"]["verdict_log_odds"]["low"] < content["parameters"]["verdict_log_odds"]["high"]
    assert len(content["annotators"]) == 6
    assert content["held_out"]["scores"]["flat_flips"]["calibrated_ahead"]["n_total"] == found.n_labels


def test_figures_by_hand() -> None:
    # Three labels 1, 1, 2 on one item: one of three pairs is equal; the two that agree see the others split (each mode
    # counts half), the third sees two against it: mean of 1/2, 1/2, 0. On the other item all three say the same.
    rows = [row(0, "judge", "llm", 1.0), row(1, "judge", "llm", 2.0)]
    rows += [row(0, name, "human", value) for name, value in (("a", 1.0), ("b", 1.0), ("c", 2.0))]
    rows += [row(1, name, "human", 1.5) for name in "abc"]
    data = data_of(table(rows))
    found = {
        figure.name: figure.real.value
        for figure in figures(
            data,
            [CROWD, CROWD],
            np.array([0, 1]),
            n_simulations=1,
            resampling=Resampling(seed=0, n_resamples=10),
            advance=lambda: None,
        )
    }
    assert found["agreement"] == pytest.approx((1 / 3 + 1) / 2)
    assert found["variance"] == pytest.approx(1 - (1 / 3 + 1) / 2)
    assert found["judge_agreement"] == pytest.approx(2 / 6)
    assert found["tie_rate"] == pytest.approx(3 / 6)


def test_simulated_labels_are_those_of_the_stage() -> None:
    data = data_of(made_up(50))
    flat = simulated_sides(data, [()] * 50, 0)
    assert set(flat * data.labels.hard_margin) == {0.5}


def test_graded_and_soft_verdicts_are_read_and_pairs_shown_the_other_way_round_are_turned() -> None:
    people = human_labels(table([row(i, "a", "human", 1.0 + i % 2) for i in range(4)]))
    verdicts = [row(i, "judge", "llm", value) for i, value in enumerate((1.25, 2.0, 1.5, 1.0))]
    verdicts[3]["p_first"] = 0.9
    for one, two in (("output_1", "output_2"), ("model_1", "model_2")):
        verdicts[1][one], verdicts[1][two] = verdicts[1][two], verdicts[1][one]
    found = [v for v in recorded_verdicts(people, table(verdicts), None) if v is not None]
    assert [v.clean_preference for v in found] == [
        Preference.FIRST, Preference.FIRST, Preference.TIE, Preference.FIRST,
    ]  # fmt: skip
    assert [v.p_first for v in found] == [0.75, None, None, 0.9]


def test_the_noise_of_a_recorded_annotator_is_left_out() -> None:
    people = human_labels(table([row(i, "a", "human", 1.0 + i % 2) for i in range(3)]))
    noised = table([row(i, "pool", "llm", 2.0, clean_preference=clean) for i, clean in enumerate((1.0, 2.0, np.nan))])
    found = recorded_verdicts(people, noised, None)
    assert [v and v.clean_preference for v in found] == [Preference.FIRST, Preference.SECOND, None]


def test_tables_without_common_names_are_matched_by_their_texts() -> None:
    people = human_labels(table([row(i, "a", "human", 1.0 + i % 2) for i in range(4)]))
    named = table([row(i, "judge", "llm", 1.0) for i in (2, 0)]).assign(item_id=["x", "y"])
    found = recorded_verdicts(people, named, None)
    assert [v is not None for v in found] == [True, False, True, False]


def test_what_is_left_out_is_counted() -> None:
    frame = made_up(12)
    frame.loc[frame["annotator_kind"].eq("human") & frame["item_id"].eq("item-0001"), "preference"] = np.nan
    frame.loc[frame["annotator_kind"].eq("llm") & frame["item_id"].eq("item-0002"), "preference"] = np.nan
    frame = frame[~(frame["annotator_kind"].eq("llm") & frame["item_id"].eq("item-0003"))]
    frame.loc[frame["item_id"].eq("item-0004"), ["output_1", "output_2"]] = "same"
    frame.loc[frame["item_id"].eq("item-0004"), "preference"] = 1.5
    data = data_of(frame)
    assert len(data.item_ids) == 8
    notes = " ".join(data.notes)
    for sentence in (
        "human labels are unparsed and left out",
        "1 of 11 items have no verdict of judge",
        "1 of 11 items have an unparsed verdict of judge",
        "1 of 11 items have two identical outputs",
    ):
        assert sentence in notes


def test_bad_tables_are_refused_in_words() -> None:
    frame = made_up(6)
    people = human_labels(frame)
    with pytest.raises(UserError, match="annotator_kind 'human', found none among 6 rows"):
        human_labels(frame[frame["annotator_kind"] == "llm"])
    with pytest.raises(UserError, match=r"every one of the .* labels prefers output_1"):
        human_labels(frame.assign(preference=1.0))
    with pytest.raises(UserError, match="labels are unparsed"):
        human_labels(frame.assign(preference=np.nan))
    with pytest.raises(UserError, match="annotator_kind 'llm', found none"):
        recorded_verdicts(people, frame[frame["annotator_kind"] == "human"], None)
    two = pd.concat([frame, frame[frame["annotator_kind"] == "llm"].assign(annotator="other")])
    with pytest.raises(UserError, match="2 annotators; say annotator=NAME, one of: judge, other"):
        recorded_verdicts(people, two, None)
    with pytest.raises(UserError, match="no verdicts of 'nobody' in judge; it has those of judge, other"):
        recorded_verdicts(people, two, "nobody")
    elsewhere = frame.assign(item_id="z" + frame["item_id"], instruction="another")
    with pytest.raises(UserError, match="share no item"):
        recorded_verdicts(people, elsewhere, None)
    ties = frame.assign(preference=frame["preference"].where(frame["annotator_kind"] == "human", 1.5))
    with pytest.raises(UserError, match="every verdict of judge is a tie"):
        data_of(ties)
    with pytest.raises(UserError, match=r"6 items .* too few for 7 folds"):
        calibrate_crowd(data_of(frame), FitSettings(**{**vars(SETTINGS), "n_folds": 7}), bar=NoBar())


def test_folds_follow_the_name_of_the_item_and_are_even() -> None:
    names = [f"item {i}" for i in range(23)]
    fold = fold_of_items(names, 5, 0)
    assert sorted(np.bincount(fold)) == [4, 4, 5, 5, 5]
    turned = fold_of_items(names[::-1], 5, 0)
    assert (turned[::-1] == fold).all()
    assert (fold_of_items(names, 5, 1) != fold).any()


@pytest.mark.slow
def test_calibration_beats_flat_flips_on_people() -> None:
    if not PANDALM.is_file():
        pytest.skip("no human labels here")
    frame = read_annotations(PANDALM, assumed_kind="human")
    people = human_labels(frame)
    verdicts = recorded_verdicts(people, frame, "gpt-3.5-turbo")
    data = calibration_data(people, verdicts, judge="gpt-3.5-turbo", p_limit=0.99)
    # 999 items, of which 25 verdicts are unparsed; three humans each.
    assert (data.labels.n_items, data.labels.n_labels) == (974, 3 * 974)
    found = calibrate_crowd(data, SETTINGS, bar=NoBar())
    ahead = {score.name: score.ahead for score in found.held_out.scores if score.ahead is not None}
    assert all(gap.low is not None and gap.low > 0 for gap in ahead.values())
    by_name = {figure.name: figure for figure in found.figures}
    # Known answers: mean raw agreement of the three pairs of humans on all 999 items is .9199.
    assert by_name["agreement"].real.value == pytest.approx(0.92, abs=0.01)
    assert "not reproduced" in markdown(calibration_page(found, "pandalm"))


def test_lapses_are_fitted_only_where_held_out_labels_ask_for_them() -> None:
    data = data_of(made_up(120))
    asked = FitSettings(**{**vars(SETTINGS), "lapses": None, "n_folds": 2, "n_simulations": 1})
    found = calibrate_crowd(data, asked, bar=NoBar())
    (lapse,) = [row for row in found.parameters if row.name == "lapse_rate"]
    # The crowd that made the labels has none.
    assert lapse.value is None and lapse.reason.startswith("it does not pay: ")
    assert found.stage.lapse_rate == 0.0
