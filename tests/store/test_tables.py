"""Tables hold exactly the records' fields and give the same records back."""

from pathlib import Path

import pandas as pd
import pytest

from farm.conversation import Message
from farm.records import Annotation, Instruction, Outcome, Preference
from farm.store.tables import read_table, write_table

ANNOTATION = Annotation(
    comparison_key="k", annotator="a", judge="j", first_shown=2, clean_preference=Preference.FIRST,
    preference=None, is_noised=True, p_first=None, raw_reply="Output (a)\n", unparsed_reason="refused",
    n_completion_tokens=3, cost_usd=0.25,
)  # fmt: skip
OUTCOME = Outcome(
    instruction_key="k", annotator_eval="crowd", score=None, n_wins=0, n_ties=0, n_losses=0, n_unparsed=3,
    length=12, utility=None,
)  # fmt: skip


@pytest.mark.parametrize(
    "records",
    [[ANNOTATION], [OUTCOME], [Instruction(instruction="a\x00b", input=""), Instruction(instruction="é")], []],
)
def test_a_table_gives_its_records_back(tmp_path: Path, records: list[object]) -> None:
    record_type = type(records[0]) if records else Annotation
    write_table(tmp_path / "t.parquet", records, record_type)
    assert read_table(tmp_path / "t.parquet", record_type) == records


def test_messages_have_a_column_only_where_there_are_some(tmp_path: Path) -> None:
    history = (Message("system", 'Say "\u2028".'), Message("user", "Hi."))
    records = [Instruction(instruction="a"), Instruction(instruction="b", history=history)]
    write_table(tmp_path / "t.parquet", records, Instruction)
    assert read_table(tmp_path / "t.parquet", Instruction) == records
    # Tables that were written before records had a history have these columns.
    write_table(tmp_path / "t.parquet", records[:1], Instruction)
    assert list(pd.read_parquet(tmp_path / "t.parquet").columns) == ["instruction", "input", "dataset"]
    assert read_table(tmp_path / "t.parquet", Instruction) == records[:1]


def test_other_columns_are_refused(tmp_path: Path) -> None:
    pd.DataFrame({"instruction": ["a"]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="expected the columns of Instruction"):
        read_table(tmp_path / "t.parquet", Instruction)


def test_a_missing_value_is_not_made_up(tmp_path: Path) -> None:
    frame = pd.DataFrame({"instruction": ["a", None], "input": ["", ""], "dataset": ["", ""]})
    frame.to_parquet(tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="missing"):
        read_table(tmp_path / "t.parquet", Instruction)
