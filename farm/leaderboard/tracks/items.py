"""What a track asks, with the reference's answers: read from its dataset, or from its files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from farm.data.comparison_files import checked_stream
from farm.data.files.table_files import DataError, is_table, not_there
from farm.data.layouts.asked import AskedRow
from farm.data.output_files import ScorableRow
from farm.leaderboard.evaluation.text_keys import merged_key
from farm.leaderboard.tracks.track import Track
from farm.records import Instruction, Output


@dataclass(frozen=True, kw_only=True)
class TrackItems:
    """The instructions of a track in their order, each with the reference's output."""

    references: Sequence[Output]
    """Their `generator` names the reference."""

    @cached_property
    def by_key(self) -> Mapping[str, int]:
        """Places by the instruction's key."""
        return {output.instruction_key: place for place, output in enumerate(self.references)}

    @property
    def texts(self) -> dict[str, str]:
        """The reference's output by the instruction's key."""
        return {output.instruction_key: output.output for output in self.references}

    @cached_property
    def by_text(self) -> Mapping[str, int]:
        """Places by text with the input merged into it; of two that are the same then, neither."""
        places: dict[str, list[int]] = {}
        for place, output in enumerate(self.references):
            places.setdefault(merged_key(output.instruction, output.input), []).append(place)
        return {key: found[0] for key, found in places.items() if len(found) == 1}

    @cached_property
    def without_input(self) -> frozenset[str]:
        """What is asked, whatever it refers to."""
        return frozenset(output.instruction for output in self.references)

    def place_of(self, asked: Output | Instruction) -> int | None:
        """Which of the instructions this is; None if it is none of them."""
        place = self.by_key.get(asked.instruction_key if isinstance(asked, Output) else asked.key)
        if place is None and not asked.history:
            place = self.by_text.get(merged_key(asked.instruction, asked.input))
        return place


def has_items(track: Track) -> bool:
    """Whether the track names instructions and a reference that can be read here."""
    reference = track.file(track.reference)
    return track.dataset is not None or (reference is not None and is_table(reference))


def track_items(track: Track) -> TrackItems:
    """Read the instructions and reference of a track.

    Raises:
        DataError: the track has none; a file is missing or malformed; an instruction stands there twice, or has no
            output of the reference.
    """
    if track.dataset is not None:
        if lacking := track.dataset.lacking():
            raise DataError("; ".join(f"track.dataset.{name}: {reason}" for name, reason in lacking.items()))
        return TrackItems(references=[_named(output, track) for output in track.dataset.load().evaluation])
    path = track.file(track.reference)
    if path is None:
        raise DataError(
            f"track {track.name} has no reference outputs to compare with; give track.reference=FILE (a table of "
            "instruction and output)"
        )
    if not is_table(path):
        hint = "; give the folder that it lies in, track.folder=DIR" if track.folder is None else ""
        raise DataError(f"track.reference: {not_there(path)}{hint}")
    outputs = _outputs(path)
    items = TrackItems(references=[_named(output, track) for output in outputs])
    chosen = track.file(track.instructions)
    return items if chosen is None else _chosen(items, chosen, path)


def _outputs(path: Path) -> list[Output]:
    outputs: list[Output] = []
    seen: dict[str, int] = {}
    for number, (_, row) in enumerate(checked_stream(path, ScorableRow), start=1):
        output = row.as_output()
        before = seen.setdefault(output.instruction_key, number)
        if before != number:
            raise DataError(
                f"{path}: rows {before} and {number}, field `instruction`: the same instruction twice in the reference"
            )
        outputs.append(output)
    return outputs


def _chosen(items: TrackItems, path: Path, reference: Path) -> TrackItems:
    """The instructions of a file, each with its reference."""
    places: dict[int, int] = {}
    for number, (_, row) in enumerate(checked_stream(path, AskedRow), start=1):
        place = items.place_of(row.asked)
        if place is None:
            raise DataError(f"{path}: row {number}, field `instruction`: {reference} has no output on it")
        before = places.setdefault(place, number)
        if before != number:
            raise DataError(f"{path}: rows {before} and {number}, field `instruction`: the same instruction twice")
    return TrackItems(references=[items.references[place] for place in places])


def _named(output: Output, track: Track) -> Output:
    if track.reference_name is None or output.generator == track.reference_name:
        return output
    return replace(output, generator=track.reference_name)
