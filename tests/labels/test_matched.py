from pathlib import Path

import numpy as np
import pytest

from farm.errors import UserError
from farm.labels.annotation_row import annotation_frame
from farm.labels.matched import match_labels, rows_of_annotator
from farm.labels.read import read_annotations
from farm.stats.agreement.by_annotator import accuracy, cohen_kappa, majority, raw_agreement
from farm.stats.bootstrap import Resampling
from tests.labels.label_rows import row


def test_unparsed_and_unasked_are_different_things() -> None:
    rows = [row(str(k), h, 1) for k in range(4) for h in ("h1", "h2")]
    table = annotation_frame([*rows, row("0", "judge", 1), row("1", "judge", None)])
    labels = match_labels(table, table)
    assert labels.judges is not None
    assert (labels.judges.n_verdicts, labels.judges.n_unparsed, len(labels.item_ids)) == (1, 1, 2)
    assert any("2 of 4 items left out, about which no judge was asked" in note for note in labels.notes)


def test_tables_without_common_items_are_matched_by_their_texts() -> None:
    humans = annotation_frame([row("h-1", "h1", 1)])
    judges = annotation_frame([row("h-1", "judge", 2)]).assign(item_id="other")
    labels = match_labels(humans, judges)
    assert labels.judges is not None and labels.judges.labels.tolist() == [[2.0]]
    assert any("matched by their texts" in note for note in labels.notes)
    with pytest.raises(UserError, match=r"share no item.*humans: 1 items, simulated: 1 items"):
        match_labels(humans, judges.assign(output_1="z"))


@pytest.mark.parametrize("item_id", ["1", "other"])
def test_a_pair_in_the_other_order_is_turned_around(item_id: str) -> None:
    humans = annotation_frame([row("1", "h1", 1)])
    judges = annotation_frame([row("1", "judge", 2, ("b", "a"))])
    judges = judges.assign(item_id=item_id, output_1="y", output_2="x")
    labels = match_labels(humans, judges)
    assert labels.judges is not None and labels.judges.labels.tolist() == [[1.0]]
    assert any("1 of 1 rows show their pair in the other order" in note for note in labels.notes)


def test_one_item_with_other_texts_is_refused() -> None:
    table = annotation_frame([row("1", "h1", 1), row("1", "judge", 1, ("a", "c"))])
    with pytest.raises(UserError, match="item '1' has other models or outputs for annotator 'judge'"):
        match_labels(table, table)


def test_models_that_only_one_table_names_are_enough() -> None:
    humans, judges = annotation_frame([row("1", "h1", 1)]), annotation_frame([row("1", "judge", 1, ("", ""))])
    assert match_labels(humans, judges).models == ("a", "b")


def test_no_human_is_an_error() -> None:
    table = annotation_frame([row("1", "judge", 1)])
    with pytest.raises(UserError, match="humans: expected rows with annotator_kind 'human', found none among 1 rows"):
        match_labels(table, table)


def test_items_of_one_instruction_share_their_key() -> None:
    rows = annotation_frame([row(k, "h1", 1) for k in "123"]).assign(instruction=["same", "same", ""])
    keys = match_labels(rows, None).instruction_keys
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize("judge", ["gpt-3.5-turbo", "pandalm-7b"])
def test_pandalm_accuracy_of_judges(humandata: Path, pandalm_answers: dict[str, dict[str, object]], judge: str) -> None:
    table = read_annotations(humandata / "raw" / "pandalm")
    labels = match_labels(table, table[table["annotator"] == judge])
    assert labels.humans is not None and labels.judges is not None
    truth, column = majority(labels.humans.labels), labels.judges.labels[:, 0]
    for rule, unparsed in (("dropped", "dropped"), ("as_tie", "tie"), ("as_wrong", "wrong")):
        found = accuracy(truth, column, unparsed=unparsed)  # type: ignore[arg-type]
        expected = pandalm_answers[f"{judge}__vs_human_majority[garbage_{rule}]"]["value"]
        assert isinstance(expected, dict)
        assert round(found.accuracy or 0, 4) == expected["accuracy"]
        assert round(found.macro_f1, 4) == expected["macro_f1"] or unparsed == "wrong"
        assert found.n_total == expected["n"]
    garbage = np.where(np.isnan(column), 0.0, column)
    kappa = cohen_kappa(truth, garbage, resampling=Resampling(seed=0, n_resamples=10)).value
    assert round(kappa or 0, 4) == pandalm_answers[f"{judge}__kappa_vs_majority"]["value"]
    decided = [np.where(x == 1.5, np.nan, x) for x in (truth, column)]
    without_ties = raw_agreement(decided[0], decided[1], resampling=Resampling(seed=0, n_resamples=10))
    expected = pandalm_answers[f"{judge}__accuracy_nontie"]["value"]
    assert {"accuracy": round(without_ties.value or 0, 4), "n": without_ties.n_total} == expected


def test_a_model_against_itself_is_left_out_of_rankings_and_counted() -> None:
    rows = [
        row("1", "judge", 1),
        row("2", "judge", 1.5, ("a", "a")),
        row("3", "judge", 2),
        row("4", "judge", 1, ("", "b")),
    ]
    labels = match_labels(None, annotation_frame(rows))
    assert labels.models == ("a", "b") and labels.item_ids == ("1", "2", "3", "4")
    ranked = labels.between_models()
    assert ranked.item_ids == ("1", "3") and ranked.model_2 == ("b", "b")
    assert ranked.judges is not None and ranked.judges.labels.tolist() == [[1], [2]]
    assert labels.notes == (
        "items that compare a model with itself (a): 1 of 4; they are left out of every ranking",
        "items that do not name both models: 1 of 4; they are left out of every ranking",
    )


def test_nothing_but_models_against_themselves_is_one_sentence() -> None:
    rows = [row(str(k), "judge", 1, (name, name)) for k, name in enumerate("abc")]
    labels = match_labels(None, annotation_frame(rows))
    assert labels.models == ()
    assert labels.without_models == labels.notes[0] == "every item compares a model with itself (a, b, c; 3 items)"


def test_the_two_orders_of_a_judge_are_one_annotator() -> None:
    rows = [
        row(str(item), "judge", said).model_copy(update={"first_shown": shown})
        for item, verdicts in enumerate(((1, 1), (1, 1.5), (1, 2), (1.5, None)))
        for shown, said in enumerate(verdicts, start=1)
    ]
    labels = match_labels(None, annotation_frame(rows))
    assert labels.judges is not None and labels.judges.annotators == ("judge",)
    assert labels.judges.labels[:3, 0].tolist() == [1, 1.25, 1.5]
    assert (labels.judges.n_verdicts, labels.judges.n_unparsed) == (3, 1)
    assert any("4 pairs (1 of them have one that is unparsed" in note for note in labels.notes)


def test_a_judge_of_both_orders_can_be_named_whole_or_by_order() -> None:
    frame = annotation_frame(
        [row("1", "judge", p).model_copy(update={"first_shown": k}) for k, p in ((1, 1), (2, 1.5))]
    )
    for name, expected in ((None, 1.25), ("judge", 1.25), ("judge/AB", 1.0), ("judge/BA", 1.5)):
        rows = rows_of_annotator(frame, name, role="judge", setting="annotator")
        assert rows["preference"].tolist() == [expected]
