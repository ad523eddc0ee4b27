"""A track: which instructions models answer, whose outputs they must beat, and who says which is better.

One YAML under conf/track/ is one track; a user's own lie in conf_dir/track/. Nothing of a track need be at hand where
recorded annotations are read: these hold instructions, outputs and verdicts themselves.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from farm.config.checks import check_fields, check_name
from farm.data.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class Track:
    """conf/track/"""

    key_name: ClassVar[str] = "Track"

    name: str
    """Stands in entries, tables and addresses of pages."""
    title: str
    """What people read."""
    dataset: Dataset | None
    """Whose evaluation split holds the instructions with the reference outputs; None: the files below."""
    folder: Path | None
    """Where the files below lie, if their paths are relative; None: in the current folder."""
    instructions: Path | None
    """A table of instructions; None: those of the reference."""
    reference: Path | None
    """A table of the reference's outputs."""
    reference_name: str | None
    """Who wrote the reference outputs; None: as the files say."""
    annotator: str | None
    """Who judges outputs: a name in conf/annotator; None: say so on the command line."""
    recorded_annotator: str | None
    """Whose recorded annotations count, by the name in the files; None: whoever judged, if it is one."""
    is_graded: bool
    """Whether a preference is expected to count by its grade, as in AlpacaEval 2."""
    n_labels: int
    """Labels per instruction that are asked of the annotator."""
    weights: Path | None
    """AlpacaEval's table of a length-control model's published weights by model; None: the model is fitted."""
    difficulty: Path | None
    """Table of instruction and instruction_difficulty, for the weights and for models that are fitted; None: no such
    term in the fit."""
    gamed: Path | None
    """AlpacaEval's verdicts on its baseline, prompted to be concise and verbose (df_gamed.csv). A model without
    published weights is then fitted as AlpacaEval does, with the extra length-control; None: by the default fit."""
    tokenizer: Path | None
    """A tokenizer.json, or a folder with one, by which answers are counted in tokens; None: in characters only."""
    compared_with: tuple[str, ...]
    """Other rankings of the same models that it can be held against (`farm.leaderboard.entries.TrackNotes`)."""

    def __post_init__(self) -> None:
        check_name("name", self.name)
        check_fields(self, at_least={"n_labels": 1})
        if self.weights is not None and self.difficulty is None:
            raise ValueError("weights say nothing without difficulty: give both files, or difficulty alone")
        if self.gamed is not None and self.difficulty is None:
            raise ValueError("gamed says nothing without difficulty: give both files, or difficulty alone")
        if self.dataset is not None and (self.instructions or self.reference):
            raise ValueError("dataset holds instructions and reference; set it to null to take files")

    def file(self, path: Path | None) -> Path | None:
        """Where one of the track's files is."""
        return path if path is None or self.folder is None else self.folder / path
