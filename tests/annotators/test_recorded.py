"""Verdicts of a file, replayed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from farm.annotators.recorded import RecordedAnnotator
from farm.calls.request import NO_CALLS
from farm.errors import UserError
from farm.records import Comparison, Preference
from farm.store.keys import describe

PAIR = Comparison(instruction="q", input="i", output_1="a", output_2="b")
ROW = {"instruction": "q", "input": "i", "output_1": "b", "output_2": "a", "preference": 1.25}


def replayed(path: Path, annotator: str | None = None) -> RecordedAnnotator:
    return RecordedAnnotator(name="recorded", arm="recorded", file=path, annotator_in_file=annotator)


def test_a_graded_verdict_on_the_swapped_pair(tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    path.write_text(json.dumps([{**ROW, "annotator": "anna"}]))
    (annotation,) = replayed(path).annotate([PAIR], (), 0, with_noise=True, calls=NO_CALLS)
    # The file says 1.25 for (b, a): b is better with probability .75, so of (a, b) the second is, and p_first is .25.
    assert (annotation.preference, annotation.p_first) == (Preference.SECOND, 0.25)
    assert (annotation.annotator, annotation.judge, annotation.comparison_key) == ("recorded", "anna", PAIR.key)


def test_one_of_several_annotators_must_be_named(tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    path.write_text(json.dumps([{**ROW, "annotator": "anna"}, {**ROW, "annotator": "bert", "preference": 2}]))
    with pytest.raises(UserError, match=r"2 annotators; say annotator\.annotator_in_file=NAME, one of: anna, bert"):
        replayed(path).annotate([PAIR], (), 0, with_noise=True, calls=NO_CALLS)
    with pytest.raises(UserError, match=r"no verdicts of 'carl' .*; it has those of anna, bert"):
        replayed(path, "carl").annotate([PAIR], (), 0, with_noise=True, calls=NO_CALLS)
    (annotation,) = replayed(path, "bert").annotate([PAIR], (), 0, with_noise=True, calls=NO_CALLS)
    assert annotation.preference is Preference.FIRST


def test_a_condition_says_which_rows_are_replayed(tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    path.write_text(
        json.dumps([{**ROW, "annotator": "anna", "round": n, "preference": p} for n, p in ((1, 1.25), (2, 2))])
    )
    first, second = (replace(replayed(path), where=f"round == {n}") for n in (1, 2))
    # 1.25 for (b, a) prefers b, which is the second of (a, b); 2 prefers a.
    assert first.annotate([PAIR], (), 0, with_noise=True, calls=NO_CALLS)[0].preference is Preference.SECOND
    assert second.annotate([PAIR], (), 0, with_noise=True, calls=NO_CALLS)[0].preference is Preference.FIRST
    assert describe(first) != describe(second) and "where" not in str(describe(replayed(path)))
    with pytest.raises(UserError, match="for none of the 2 rows holds round == 3"):
        replace(first, where="round == 3").annotate([PAIR], (), 0, with_noise=True, calls=NO_CALLS)


def test_a_condition_on_labels_of_the_dataset_is_the_datasets() -> None:
    with pytest.raises(ValueError, match=r"where: is about annotator\.file; dataset\.where is about"):
        RecordedAnnotator(name="recorded", arm="recorded", where="round == 1")
