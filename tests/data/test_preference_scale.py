from pathlib import Path

import pytest

from farm.data.files.table_files import DataError
from farm.data.preference_scale import PreferencesSeen


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([1, float("inf")], "row 2: preference: inf is no finite number"),
        (["9" * 5000], r"row 1: preference: 9{40}\.\.\. \(5,000 characters\) is no finite number"),
        (["9" * 300], r"\(1 say 9{40}\.\.\. \(300 characters\)\)"),
    ],
)
def test_numbers_beyond_all_bounds_are_shown_short(values: list[object], sentence: str) -> None:
    seen = PreferencesSeen(Path("f.json"))
    for value in values:
        seen.add(value)
    with pytest.raises(DataError, match=sentence):
        seen.refuse_another_scale()
