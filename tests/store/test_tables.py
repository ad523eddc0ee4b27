"""Tables hold exactly the records' fields and give the same records back."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from farm.conversation import Message
from farm.records import Annotation, Instruction, Outcome, Preference
from farm.store.tables import TableError, read_table, write_table

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


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_not_written(tmp_path: Path, value: float) -> None:
    with pytest.raises(TableError, match=r"t\.parquet: utility of row 2 is (nan|inf|-inf), which is no number"):
        write_table(tmp_path / "t.parquet", [OUTCOME, replace(OUTCOME, utility=value)], Outcome)
    assert not (tmp_path / "t.parquet").exists()


def test_a_damaged_table_is_named_with_the_folder_to_delete(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_table(path, [OUTCOME], Outcome)
    whole = path.read_bytes()
    for content in (b"", whole[: len(whole) // 2], b"no table"):
        path.write_bytes(content)
        with pytest.raises(TableError, match=rf"{path} cannot be read: .*Delete the folder {tmp_path}"):
            read_table(path, Outcome)
    path.unlink()
    with pytest.raises(TableError, match="cannot be read"):
        read_table(path, Outcome)
    pd.DataFrame({"length": [float("nan")]}).to_parquet(path)
    with pytest.raises(TableError, match="expected the columns of Outcome"):
        read_table(path, Outcome)
