"""Made-up annotations in AlpacaEval's format."""

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

Json = Mapping[str, object]


def annotation(number: int, preference: float | None, **changes: object) -> dict[str, object]:
    """One row: the reference's output, the model's, and which is better."""
    return {
        "instruction": f"Say something about number {number}.",
        "output_1": f"Number {number} is a number, as the reference would put it.",
        "generator_1": "text_davinci_003",
        "output_2": f"I like number {number} " + "very " * (number % 7) + "much.",
        "generator_2": "mine",
        "annotator": "alpaca_eval_gpt4",
        "preference": preference,
        **changes,
    }


def swapped(row: Json) -> dict[str, object]:
    """The same verdict with the two outputs the other way round."""
    preference = row["preference"]
    assert isinstance(preference, float | int)
    return {
        **row,
        "output_1": row["output_2"],
        "output_2": row["output_1"],
        "generator_1": row["generator_2"],
        "generator_2": row["generator_1"],
        "preference": 3 - preference,
    }


def write_rows(path: Path, rows: Sequence[Json]) -> Path:
    """The rows as JSON, packed if the name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(rows).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path
