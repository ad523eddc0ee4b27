from pathlib import Path

import pandas as pd
import pytest

from farm.conversation import Message, messages_of_text
from farm.data.files.rows import DataError
from farm.labels.read import read_annotations
from tests.labels.label_files import better, written

CHAT = [
    {"role": "user", "content": "Name a bird."},
    {"role": "assistant", "content": "Wren."},
    {"role": "user", "content": "Another."},
]
PAIR = {
    "domain": "general", "language": "english", "context": CHAT, "response1": "Owl.", "response2": "Cup.",
    "overall_preference": -2, "individual_preference": [{"score": -2, "reasoning": "r"}],
}  # fmt: skip


def test_a_negative_preference_is_for_the_first_response_and_the_chat_before_is_kept(tmp_path: Path) -> None:
    rows = [PAIR, {**PAIR, "context": CHAT[:1], "overall_preference": 3}]
    pd.DataFrame(rows).to_parquet(tmp_path / "p.parquet")
    for path in (written(tmp_path, *rows), tmp_path / "p.parquet"):
        frame = read_annotations(path)
        assert frame.attrs["format"] == "helpsteer3_preference"
        assert better(frame) == [("Owl.", ">", "Cup."), ("Cup.", ">", "Owl.")]
        # 1.5 - 2/6 and 1.5 + 3/6.
        assert frame["preference"].tolist() == pytest.approx([7 / 6, 2])
        assert frame["instruction"].tolist() == ["Another.", "Name a bird."]
        before = (Message("user", "Name a bird."), Message("assistant", "Wren."))
        assert [messages_of_text(text) for text in frame["history"]] == [before, ()]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"overall_preference": 4}, "overall_preference"),
        ({"context": CHAT[:2]}, "context"),
        ({"context": "x"}, "context"),
    ],
)
def test_another_strength_and_a_context_that_asks_nothing_are_refused(
    tmp_path: Path, change: dict[str, object], named: str
) -> None:
    with pytest.raises(DataError, match=f"row 1, field `{named}`"):
        read_annotations(written(tmp_path, {**PAIR, **change}))
