import pandas as pd
import pytest

from farm.labels.annotation_table import annotation_table, notes_of
from farm.labels.soft_verdicts import judged
from tests.labels.label_rows import row

# Verdict and probability of output_1: sure, leaning, a tie, unparsed, without a probability, and flipped by noise.
SAID = [(1, 1.0), (2, 0.3), (1.5, 0.5), (None, None), (1, None), (2, 0.9)]


def table() -> pd.DataFrame:
    rows = [row(str(k), "judge", verdict).model_copy(update={"p_first": p}) for k, (verdict, p) in enumerate(SAID)]
    return annotation_table(rows, where=())


def test_the_probability_counts_where_it_is_asked_for() -> None:
    soft = judged(table(), is_soft=True)
    assert soft["preference"].tolist() == pytest.approx([1, 1.7, 1.5, float("nan"), 1, 2], nan_ok=True)
    assert notes_of(soft) == ["1 of 6 verdicts have the judge's probability beside them (p_first), which counts"]


def test_else_the_verdict_does_and_a_note_says_so() -> None:
    hard = judged(table(), is_soft=False)
    assert hard["preference"].tolist() == pytest.approx([1, 2, 1.5, float("nan"), 1, 2], nan_ok=True)
    (note,) = notes_of(hard)
    assert note.endswith("which does not count (soft_verdicts=true: it does)")


def test_a_table_without_probabilities_is_as_it_was() -> None:
    frame = annotation_table([row("1", "judge", 1.2)], where=())
    assert judged(frame, is_soft=True) is frame
