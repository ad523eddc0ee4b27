"""AlpacaFarm's data (Dubois et al. 2023), read from the JSON files of `tatsu-lab/alpaca_farm` or files of that form.

The hub repository also has a loading script; `datasets` 4 and later refuse such scripts, and nothing here runs one.
Instructions are compared as the text `instruction`, blank line, `input` (AlpacaEval's files come merged like that),
with case and white space ignored. A split gives way to the ones before it in the order evaluation, preference,
demonstrations, unlabeled, validation, so that no instruction is in two splits; how many rows that costs, and for which
split, is a warning for demonstrations and for every split that has a file of its own.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal, TypeVar

from huggingface_hub import hf_hub_download

from farm.config.checks import check_fields
from farm.data.alpaca_farm_rows import DemonstrationRow, EvaluationRow, InstructionRow, PairRow, UnpairedRow, pair_row
from farm.data.conditions.condition import parse_condition
from farm.data.conditions.values import ConditionError
from farm.data.dataset import Splits
from farm.data.files.column_mapping import OWN_NAMES, ColumnMapping, mapped_records, mapping_of
from farm.data.files.row_stream import file_notes, stream_rows
from farm.data.files.rows import DataError, Row, not_there, read_records
from farm.data.files.table_files import is_table
from farm.data.layouts.pair_file import read_pairs
from farm.data.layouts.pairs import has_pair
from farm.data.layouts.unpaired import is_unpaired
from farm.data.preference_scale import PreferencesSeen
from farm.data.split_rows import apart, distinct, distinct_pairs, limited, where

logger = logging.getLogger(__name__)

PREFERENCE_FILES = {
    "human": "alpaca_human_preference.json",
    "gpt4": "alpaca_gpt4_preference.json",
    "noisy_multi": "alpaca_noisy_multi_preference.json",
}
SFT_FILE = "alpaca_instructions/sft.json"
PREFERENCE_FILE = "alpaca_instructions/preference.json"
UNLABELED_FILE = "alpaca_instructions/unlabeled.json"
VALIDATION_FILE = "alpaca_instructions/val.json"
EVALUATION_FILE = "alpaca_farm_evaluation.json"

RowT = TypeVar("RowT", bound=InstructionRow)


@dataclass(frozen=True, kw_only=True)
class AlpacaFarmDataset:
    """AlpacaFarm's splits; each split may come from a file of its own."""

    key_name: ClassVar[str] = "AlpacaFarmDataset"

    name: str
    """Stands in standings and tables."""
    folder: Path | None
    """A folder laid out like the hub repository; None to take the hub, or the single files below alone."""
    hub_repository: str | None
    """Hugging Face dataset repository, used if `folder` is None; None for neither."""
    hub_revision: str | None
    """Its commit; required with `hub_repository`, so that the data cannot change unseen."""
    preference_labels: Literal["human", "gpt4", "noisy_multi"]
    """Whose recorded preferences to read: the crowd workers', GPT-4's, or the noisy pool's."""
    demonstrations_file: Path | None
    """Rows of instruction, input, output (and source); None for the sft split."""
    preference_file: Path | None
    """Rows of instruction, input, output_1, output_2, preference, pairs of chosen and rejected, or unpaired labels;
    None for the file of `preference_labels`."""
    unlabeled_file: Path | None
    """Rows of instruction, input; None for the unlabeled split, or nothing if there is neither folder nor hub."""
    validation_file: Path | None
    """Rows of instruction, input; None for the val split, or nothing if there is neither folder nor hub."""
    evaluation_file: Path | None
    """Rows of instruction, input, output, generator; None for the evaluation set with Davinci003's outputs."""
    columns: ColumnMapping = field(default=OWN_NAMES, metadata={"in_key": "unless_default"})
    """What the files of one's own call their columns, of those files that have the names."""
    where: str | None = field(default=None, metadata={"in_key": "unless_default"})
    """Which rows of the preference file count: a condition on its columns; None for all."""
    n_demonstrations: int | None
    """Keep this many rows, a fixed random choice; None for all. So with the next four."""
    n_preference: int | None
    """Instructions of the preference split; recorded pairs on others are left out."""
    n_unlabeled: int | None
    n_validation: int | None
    n_evaluation: int | None
    """Held-out instructions; only these are removed from the other splits."""

    def __post_init__(self) -> None:
        check_fields(
            self,
            at_least={"n_demonstrations": 1, "n_preference": 1, "n_unlabeled": 1, "n_validation": 1, "n_evaluation": 1},
        )
        if self.where is not None:
            try:
                parse_condition(self.where)
            except ConditionError as error:
                raise ValueError(f"where: {error}") from error
        if self.hub_repository is not None and self.hub_revision is None:
            raise ValueError(
                "hub_revision: give the commit of the hub repository, so that the data cannot change unseen"
            )
        if self.folder is not None and self.hub_repository is not None:
            raise ValueError("folder and hub_repository are both given; set one of them to null")

    def load(self) -> Splits:
        """Read, limit and separate the splits.

        Raises:
            DataError: a file is missing or malformed, or a split that every chain needs is empty.
        """
        if lacking := self.lacking():
            raise DataError("; ".join(f"{self.name}: {reason}" for reason in lacking.values()))
        held_out = distinct(self._read(self.evaluation_file, EVALUATION_FILE, EvaluationRow))
        evaluation = limited(held_out, self.n_evaluation, "n_evaluation")
        unpaired = self._unpaired()
        pairs = where(self._pairs(), self.where, "dataset.where") if unpaired is None else []
        instructions: list[InstructionRow] = [*pairs, *(unpaired or ())]
        if self.preference_file is None:
            instructions = [*self._read(None, PREFERENCE_FILE, InstructionRow), *pairs]
        taken = {"evaluation": {row.text_key for row in evaluation}}
        own = self.preference_file is not None
        preference = limited(
            apart(distinct(instructions), taken, "preference", is_own=own), self.n_preference, "n_preference"
        )
        chosen = {row.text_key for row in preference}
        recorded = distinct_pairs([pair for pair in pairs if pair.text_key in chosen])
        all_demonstrations = self._read(self.demonstrations_file, SFT_FILE, DemonstrationRow)
        taken["preference"] = chosen
        left = apart(all_demonstrations, taken, "demonstrations", is_own=True)
        demonstrations = limited(left, self.n_demonstrations, "n_demonstrations")
        taken["demonstrations"] = {row.text_key for row in demonstrations}
        unlabeled_rows = distinct(self._read(self.unlabeled_file, UNLABELED_FILE, InstructionRow))
        own = self.unlabeled_file is not None
        unlabeled = limited(apart(unlabeled_rows, taken, "unlabeled", is_own=own), self.n_unlabeled, "n_unlabeled")
        taken["unlabeled"] = {row.text_key for row in unlabeled}
        validation_rows = distinct(self._validation())
        own = self.validation_file is not None
        validation = limited(apart(validation_rows, taken, "validation", is_own=own), self.n_validation, "n_validation")
        if not demonstrations and all_demonstrations:
            raise DataError(
                f"{self.name}: no demonstrations are left: the instructions of all {len(all_demonstrations)} "
                "also stand in the evaluation or preference rows, and an instruction may be in one split only; give "
                "demonstrations on other instructions, or fewer of the others (n_preference, n_evaluation)"
            )
        for split, rows in (("evaluation", evaluation), ("demonstrations", demonstrations)):
            if not rows:
                raise DataError(f"{self.name}: {_no_rows(split)}")
        return Splits(
            demonstrations=[row.demonstration() for row in demonstrations],
            preference=[row.as_instruction() for row in preference],
            unlabeled=[row.as_instruction() for row in unlabeled],
            evaluation=[row.reference() for row in evaluation],
            validation=[row.as_instruction() for row in validation],
            comparisons=[pair.comparison() for pair in recorded],
            annotations=[pair.annotation(self._annotator_name()) for pair in recorded],
            unpaired=[row.labelled_output() for row in unpaired or () if row.text_key in chosen],
        )

    def lacking(self) -> dict[str, str]:
        """Why the dataset cannot be read, by field: all files that are not there at once."""
        own = {
            "demonstrations_file": (self.demonstrations_file, SFT_FILE),
            "preference_file": (self.preference_file, PREFERENCE_FILES[self.preference_labels]),
            "unlabeled_file": (self.unlabeled_file, UNLABELED_FILE),
            "validation_file": (self.validation_file, None),
            "evaluation_file": (self.evaluation_file, EVALUATION_FILE),
        }
        reasons = {name: not_there(path) for name, (path, _) in own.items() if path and not is_table(path)}
        try:
            mapping_of(self.columns, [None if name in reasons else path for name, (path, _) in own.items()])
        except DataError as error:
            reasons["columns"] = str(error)
        if self.folder is not None and not self.folder.is_dir():
            reasons["folder"] = f"there is no folder {self.folder}"
        elif self.folder is not None:
            standard = [name for path, name in own.values() if path is None and name is not None]
            if self.preference_file is None:
                standard.append(PREFERENCE_FILE)
            absent = sorted(name for name in standard if not (self.folder / name).is_file())
            if absent:
                reasons["folder"] = f"{self.folder} lacks {', '.join(absent)}"
        elif self.hub_repository is None:
            for split in ("evaluation", "demonstrations"):
                if own[f"{split}_file"][0] is None:
                    reasons[f"{split}_file"] = _no_rows(split)
        return reasons

    def _unpaired(self) -> list[UnpairedRow] | None:
        """The labelled outputs of a file of one's own; None if it holds something else."""
        file = self.preference_file
        columns = self._columns_of(file)
        if file is None or not is_table(file) or not is_unpaired(next(_rows_of(file, columns, is_again=True), {})):
            return None
        return where(self._read(file, "", UnpairedRow), self.where, "dataset.where")

    def _pairs(self) -> list[PairRow]:
        """Recorded pairs in AlpacaFarm's columns, or a file of one's own with chosen and rejected answers."""
        file = self.preference_file
        columns = self._columns_of(file)
        if file is not None and is_table(file) and has_pair(next(_rows_of(file, columns), {})):
            read = read_pairs(file, columns)
            for note in read.notes:
                logger.warning("%s: %s", file, note)
            return [
                pair_row(pair, f"{file}: pair {number}").with_columns(pair.columns)
                for number, pair in enumerate(read.pairs, start=1)
            ]
        pairs = self._read(file, PREFERENCE_FILES[self.preference_labels], PairRow)
        seen = PreferencesSeen(file or Path(PREFERENCE_FILES[self.preference_labels]))
        for pair in pairs:
            seen.add(pair.preference)
        seen.refuse_another_scale()
        return pairs

    def _validation(self) -> list[InstructionRow]:
        """Nothing if the folder lacks the file: only the selection of checkpoints needs it, and says so."""
        is_missing = self.folder is not None and not (self.folder / VALIDATION_FILE).is_file()
        if self.validation_file is None and is_missing:
            return []
        return self._read(self.validation_file, VALIDATION_FILE, InstructionRow)

    def _annotator_name(self) -> str:
        return self.preference_labels if self.preference_file is None else self.preference_file.name.split(".")[0]

    def _columns_of(self, file: Path | None) -> ColumnMapping | None:
        """The names of columns that concern a file."""
        return self.columns if file is not None and self.columns and self.columns.fits(file) else None

    def _read(self, own: Path | None, standard: str, schema: type[RowT]) -> list[RowT]:
        """The split's own file, else the standard one, else nothing."""
        if own is not None:
            for note in file_notes(own):
                logger.warning("%s", note)
            return mapped_records(own, schema, self._columns_of(own))
        if self.folder is not None:
            return read_records(self.folder / standard, schema)
        if self.hub_repository is not None and self.hub_revision is not None:
            return read_records(_from_hub(self.hub_repository, self.hub_revision, standard), schema)
        return []


def _rows_of(file: Path, columns: ColumnMapping | None, *, is_again: bool = False) -> Iterator[Row]:
    return columns.read(file, is_again=is_again) if columns else stream_rows(file, is_again=is_again)


def _from_hub(repository: str, revision: str, name: str) -> Path:
    """The raw file from the hub, or from the local cache of it."""
    try:
        return Path(hf_hub_download(repository, name, repo_type="dataset", revision=revision))
    except (OSError, ValueError) as error:
        raise DataError(f"{repository}@{revision}: cannot get {name} from the hub: {error}") from error


def _no_rows(split: str) -> str:
    return f"no {split}; give `folder`, `hub_repository` or `{split}_file`"
