import numpy as np
import pytest

from farm.analysis.humans.agreement import NO_GRADES, LabelAgreement, label_agreement
from farm.labels.annotation_row import annotation_frame
from farm.labels.matched import match_labels
from farm.stats.bootstrap import Resampling
from tests.labels.label_rows import row

PEOPLE, JUDGE = [1.0, 1.5, 2.0, 1.0, 2.0, 1.5], [1.2, 1.4, 1.9, 1.6, 2.0, 1.5]


def agreement(people: list[float], judge: list[float]) -> LabelAgreement:
    said = (("h1", people), ("judge", judge))
    frame = annotation_frame([row(str(k), name, label) for name, labels in said for k, label in enumerate(labels)])
    labels = match_labels(frame, frame)
    return label_agreement(labels.humans, labels.judges, resampling=Resampling(seed=0, n_resamples=100))


def test_grades_stand_beside_the_classes_that_are_made_of_them() -> None:
    found = agreement(PEOPLE, JUDGE)
    # As classes the judge says 1, 1, 2, 2, 2, tie: four of six are the human's.
    assert found.raw.value == pytest.approx(4 / 6) and found.s1.value == pytest.approx(4 / 6)
    # Of the four on which neither says tie, three agree.
    assert (found.s2.value, found.s2.n_total) == (pytest.approx(3 / 4), 4)
    assert found.grades.pearson.value == pytest.approx(np.corrcoef(PEOPLE, JUDGE)[0, 1])
    # .2 + .1 + .1 + .6 + 0 + 0
    assert found.grades.mean_difference.value == pytest.approx(1.0 / 6)
    assert found.is_graded and found.human_human_grades.pearson.reason == "no item has two labels"


def test_plain_labels_have_no_figures_of_grades() -> None:
    found = agreement(PEOPLE, PEOPLE)
    assert not found.is_graded
    assert {figure.reason for figure in (*found.grades, *found.human_human_grades)} == {NO_GRADES}
