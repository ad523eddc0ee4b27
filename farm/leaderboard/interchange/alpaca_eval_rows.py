"""An entry's answers and verdicts as AlpacaEval writes them: rows of `model_outputs.json` and `annotations.json`.

AlpacaEval has one verdict an instruction, `preference` from 1 (output_1, the reference) to 2 (output_2, the model),
null where none could be read. Where an entry has several labels of an instruction, `preference` is 1 plus their mean
score, which keeps every win rate as it is; with one label it is that label. `input` stands in a row where there is one,
which AlpacaEval does not know: its instructions hold everything.
"""

import json
from collections.abc import Iterable
from dataclasses import replace

from farm.leaderboard.answers import EntryAnswer, Judgement
from farm.leaderboard.entries import Entry, TrackNotes

UNKNOWN_REFERENCE = "reference"
"""Who wrote the reference's outputs where nobody says."""
Row = dict[str, object]


def output_rows(answers: Iterable[EntryAnswer], *, model: str, track: str) -> list[Row]:
    """`model_outputs.json`, in the order of the track's instructions.

    Args:
        answers: of one entry.
        model: its name.
        track: the name of the set of instructions.
    """
    return [
        {"instruction": a.instruction, **_input(a), "output": a.output, "generator": model, "dataset": track}
        for a in answers
    ]


def reference_rows(answers: Iterable[EntryAnswer], *, track: TrackNotes) -> list[Row]:
    """The reference's `model_outputs.json`.

    Args:
        answers: of any entry of the track.
        track: names the instructions and who wrote the reference's outputs.
    """
    written = [replace(answer, output=answer.reference) for answer in answers]
    return output_rows(written, model=track.reference or UNKNOWN_REFERENCE, track=track.name)


def annotation_rows(answers: Iterable[EntryAnswer], *, entry: Entry, model: str, track: TrackNotes) -> list[Row]:
    """`annotations.json`, in the order of the track's instructions.

    Args:
        answers: of one entry.
        entry: whose annotator is named.
        model: its name.
        track: names the instructions and who wrote the reference's outputs.
    """
    return [
        {
            "instruction": answer.instruction,
            **_input(answer),
            "output_1": answer.reference,
            "generator_1": track.reference or UNKNOWN_REFERENCE,
            "dataset": track.name,
            "output_2": answer.output,
            "generator_2": model,
            "annotator": entry.annotator,
            "preference": _preference(answer),
            "raw_completion": _reply(answer.judgements),
        }
        for answer in answers
    ]


def _input(answer: EntryAnswer) -> Row:
    return {"input": answer.input} if answer.input else {}


def _preference(answer: EntryAnswer) -> float | None:
    if answer.score is None:
        return None
    if len(answer.judgements) == 1 and answer.judgements[0].preference is not None:
        return answer.judgements[0].preference  # a grade as it was given, without the rounding of a score
    return 1.0 + answer.score


def _reply(judgements: Iterable[Judgement]) -> str:
    replies = [judgement.reply for judgement in judgements]
    return replies[0] if len(replies) == 1 else json.dumps(replies, ensure_ascii=False)
