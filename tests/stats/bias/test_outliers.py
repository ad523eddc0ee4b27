import numpy as np
import pandas as pd
import pytest

from farm.labels.read import read_annotations
from farm.stats.bias.outliers import screen_annotators
from tests.paths import HUMANDATA


def labels(
    rng: np.random.Generator, *, n_items: int, n_annotators: int, per_item: int, flip: float = 0.12, longer: float = 0.0
) -> pd.DataFrame:
    """Alike annotators: a common truth with mistakes; a share `longer` of the items is decided by length for all."""
    lengths = rng.integers(10, 300, (n_items, 2))
    truth = np.where(rng.random(n_items) < longer, lengths[:, 0] > lengths[:, 1], rng.random(n_items) < 0.5)
    who = np.argsort(rng.random((n_items, n_annotators)), axis=1)[:, :per_item]
    item = np.repeat(np.arange(n_items), per_item)
    first = truth[item] ^ (rng.random(len(item)) < flip)
    return pd.DataFrame(
        {
            "item_id": item.astype(str),
            "dataset": "d",
            "model_1": "a",
            "model_2": "b",
            "output_1": ["x" * n for n in lengths[item, 0]],
            "output_2": ["y" * n for n in lengths[item, 1]],
            "annotator": [f"a{number:02d}" for number in who.ravel()],
            "preference": np.where(rng.random(len(item)) < 0.1, 1.5, np.where(first, 1.0, 2.0)),
        }
    )


def spoilt(frame: pd.DataFrame, annotator: str, kind: str, rng: np.random.Generator) -> pd.DataFrame:
    """The same table with one annotator who does not look."""
    frame = frame.copy()
    own = frame.index[frame["annotator"] == annotator]
    length = [frame.loc[own, name].str.len() for name in ("output_1", "output_2")]
    is_swapped = frame.loc[own, "first_shown"].eq(2).to_numpy() if "first_shown" in frame else np.zeros(len(own), bool)
    if kind == "random":
        frame.loc[own, "preference"] = rng.choice([1.0, 2.0], len(own))
    elif kind == "first":
        frame.loc[own, "preference"] = np.where(is_swapped, 2.0, 1.0)
    elif kind == "tie":
        frame.loc[own, "preference"] = 1.5
    elif kind == "longer":
        frame.loc[own, "preference"] = np.where(length[0] >= length[1], 1.0, 2.0)
    elif kind == "contrary":
        frame.loc[own, "preference"] = 3 - frame.loc[own, "preference"]
    elif kind == "drift":
        late = own[len(own) // 2 :]
        frame.loc[late, "preference"] = rng.choice([1.0, 2.0], len(late))
    return frame


def called(kind: str, frame: pd.DataFrame) -> str:
    """What the flag is called: nobody can say what was shown first where that is not recorded."""
    return "output_1" if kind == "first" and "first_shown" not in frame else kind


@pytest.mark.parametrize(("n_items", "n_annotators", "per_item"), [(60, 3, 3), (120, 6, 2), (150, 8, 1), (90, 8, 4)])
def test_alike_annotators_are_left_alone(n_items: int, n_annotators: int, per_item: int) -> None:
    # Stated: any flag at all in at most 5% of the tables. P(Binomial(100, .05) > 11) is under 1%.
    flagged = 0
    for number in range(100):
        rng = np.random.default_rng(number)
        frame = labels(rng, n_items=n_items, n_annotators=n_annotators, per_item=per_item, longer=0.5)
        flagged += bool(screen_annotators(frame, alpha=0.05).flags)
    assert flagged <= 11


@pytest.mark.parametrize("kind", ["random", "first", "tie", "longer", "contrary"])
def test_who_does_not_look_is_found(kind: str) -> None:
    found = alone = 0
    for number in range(20):
        rng = np.random.default_rng(number)
        frame = spoilt(labels(rng, n_items=300, n_annotators=6, per_item=3), "a02", kind, rng)
        flags = screen_annotators(frame).flags
        found += any((flag.annotator, flag.kind) == ("a02", called(kind, frame)) for flag in flags)
        alone += {flag.annotator for flag in flags} <= {"a02"}
    assert found >= 18 and alone >= 18


def test_drift_is_found_where_there_is_enough_to_see() -> None:
    found = 0
    for number in range(10):
        rng = np.random.default_rng(number)
        frame = spoilt(labels(rng, n_items=1000, n_annotators=4, per_item=3), "a02", "drift", rng)
        found += [(flag.annotator, flag.kind) for flag in screen_annotators(frame).flags] == [("a02", "drift")]
    assert found >= 8


def test_an_order_in_time_beats_the_order_of_rows() -> None:
    rng = np.random.default_rng(5)
    frame = spoilt(labels(rng, n_items=900, n_annotators=4, per_item=3), "a02", "drift", rng)
    frame["labelled_at"] = pd.date_range("2026-01-01", periods=len(frame), freq="min").astype(str)
    mixed = frame.sample(frac=1.0, random_state=0)
    assert [flag.kind for flag in screen_annotators(mixed).flags] == ["drift"]
    assert screen_annotators(mixed.drop(columns="labelled_at")).flags == ()


def test_a_pattern_that_the_items_explain_is_no_reason() -> None:
    # On every item the longer output is better, and everybody nearly always says so.
    rng = np.random.default_rng(0)
    frame = labels(rng, n_items=300, n_annotators=3, per_item=3, flip=0.02, longer=1.0)
    share = (
        frame["preference"] == np.where(frame["output_1"].str.len() > frame["output_2"].str.len(), 1.0, 2.0)
    ).mean()
    assert share > 0.85 and screen_annotators(frame).flags == ()


def test_several_at_once_do_not_hide_each_other() -> None:
    rng = np.random.default_rng(1)
    frame = labels(rng, n_items=600, n_annotators=8, per_item=3)
    for annotator, kind in (("a01", "random"), ("a03", "longer"), ("a05", "first")):
        frame = spoilt(frame, annotator, kind, rng)
    assert {(f.annotator, f.kind) for f in screen_annotators(frame).flags} == {
        ("a01", "random"),
        ("a03", "longer"),
        ("a05", "output_1"),
    }


def test_first_means_the_one_that_was_shown_first() -> None:
    rng = np.random.default_rng(2)
    frame = labels(rng, n_items=200, n_annotators=4, per_item=2)
    frame["first_shown"] = rng.choice([1, 2], len(frame))
    flags = screen_annotators(spoilt(frame, "a00", "first", rng)).flags
    assert [(flag.annotator, flag.kind, flag.share) for flag in flags] == [("a00", "first", 1.0)]


def test_annotators_who_saw_a_pair_in_different_orders_and_agree_do_agree() -> None:
    rng = np.random.default_rng(5)
    frame = labels(rng, n_items=200, n_annotators=4, per_item=3, flip=0.05)
    # a00 sees every pair the other way round than the others do.
    frame["first_shown"] = np.where(frame["annotator"] == "a00", 2, 1)
    assert screen_annotators(frame).flags == ()


def test_sides_are_named_by_what_is_recorded_of_each_item() -> None:
    rng = np.random.default_rng(6)
    frame = labels(rng, n_items=400, n_annotators=4, per_item=2)
    is_late = frame["item_id"].astype(int) >= 200
    frame["first_shown"] = np.where(is_late, rng.choice([1, 2], len(frame)), np.nan)
    flags = {flag.kind: flag for flag in screen_annotators(spoilt(frame, "a00", "first", rng)).flags}
    assert set(flags) == {"first", "output_1"}
    # Half of the annotator's labels are on items whose order is recorded.
    assert flags["first"].n_labels + flags["output_1"].n_labels == int((frame["annotator"] == "a00").sum())


def test_one_kind_of_label_is_said_where_nobody_can_be_compared() -> None:
    rng = np.random.default_rng(3)
    frame = labels(rng, n_items=40, n_annotators=1, per_item=1)
    screening = screen_annotators(spoilt(frame, "a00", "first", rng))
    (flag,) = screening.flags
    assert (flag.kind, flag.p_value, flag.expected, flag.n_labels) == ("one label", None, None, 40)
    assert screening.untested == ("a00",) and screening.barely_shared == ("a00",)
    assert screen_annotators(frame).flags == ()


def test_who_can_be_compared_but_not_tested_is_told_from_who_cannot() -> None:
    """Three people say the same of one pair, one of them of two more; the fourth labels other models."""
    said = [("0", "a", "w1"), ("0", "a", "w2"), ("0", "a", "w3"), ("1", "a", "w1"), ("2", "a", "w1"), ("3", "c", "w4")]
    frame = pd.DataFrame(said, columns=["item_id", "model_1", "annotator"]).assign(
        dataset="d", model_2="b", output_1="x", output_2="y", preference=1.0
    )
    screening = screen_annotators(frame)
    assert (screening.untested, screening.incomparable) == (("w1", "w2", "w3", "w4"), ("w4",))


def test_empty_tables_and_missing_labels_are_no_trouble() -> None:
    frame = labels(np.random.default_rng(4), n_items=30, n_annotators=3, per_item=3)
    assert screen_annotators(frame.iloc[:0]).n_annotators == 0
    assert screen_annotators(frame.assign(preference=np.nan)).flags == ()
    with pytest.raises(ValueError, match="alpha"):
        screen_annotators(frame, alpha=0.0)


@pytest.mark.parametrize(("name", "who"), [("pandalm", "pandalm_human_2"), ("tulu_chatgpt_vs_65B", "tulu_human_08")])
def test_real_people_are_left_alone_and_a_planted_one_is_found(name: str, who: str) -> None:
    path = HUMANDATA / f"{name}.parquet"
    if not path.is_file():
        pytest.skip(f"{path} is not here")
    rows = read_annotations(path)
    humans = rows[rows["annotator_kind"] == "human"].reset_index(drop=True)
    assert screen_annotators(humans).flags == ()
    # Of this TULU annotator's 51 labels 8 have a second opinion: too few to see that they are random.
    for kind in ("first", "longer", *(["random"] if name == "pandalm" else [])):
        rng = np.random.default_rng(0)
        assert [(f.annotator, f.kind) for f in screen_annotators(spoilt(humans, who, kind, rng)).flags] == [
            (who, called(kind, humans))
        ]
