import pandas as pd
import pytest

from farm.reports.csv_file import csv_cell, csv_text, frame_csv


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "\uff1d1", "-x", "+", "-"])
def test_a_cell_that_would_be_run_is_text(text: str) -> None:
    assert csv_cell(text) == f"'{text.strip()}"


@pytest.mark.parametrize("text", ["-1.5", "+3", "-.5e-3", "1", "a=b", "gpt-4", "x@y", ""])
def test_numbers_and_names_stay(text: str) -> None:
    assert csv_cell(text) == text


def test_figures_are_in_full_and_what_is_missing_is_empty() -> None:
    assert csv_text(["a", "=b"], [[-0.1, None], [float("nan"), "=1"]]) == "a,'=b\n-0.1,\n,'=1\n"


def test_a_frame_is_what_pandas_writes_but_for_such_cells() -> None:
    frame = pd.DataFrame({"name": ["a", "=b", None], "x": [-1.5, 1 / 3, None], "n": [1, 2, 3], "is": [True] * 3})
    assert frame_csv(frame) == frame.replace({"name": {"=b": "'=b"}}).to_csv(index=False)
