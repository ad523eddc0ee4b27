"""A collapsed policy is noted, a sound one is not."""

import json
from pathlib import Path

import pytest

from farm.pipeline.judging.collapse import collapse_notes
from farm.records import Output


def outputs(*texts: str) -> list[Output]:
    return [Output(instruction=f"q{i}", output=text, generator="g") for i, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (("", " ", "\n", "a"), "3 of 4 outputs are empty"),
        (("a",) * 10, "10 of 10 outputs are the same text, 'a'"),
        (("a",) * 9 + ("b",), "9 of 10 outputs are the same text"),
    ],
)
def test_empty_and_equal_outputs_are_noted(texts: tuple[str, ...], says: str, tmp_path: Path) -> None:
    (note,) = collapse_notes(outputs(*texts), tmp_path / "metrics.jsonl")
    assert note.startswith(says) and note.endswith("the policy has collapsed")


@pytest.mark.parametrize("texts", [("a", "b"), ("a",), ("", "a"), ("a",) * 8 + ("b", "c"), ()])
def test_others_are_not(texts: tuple[str, ...], tmp_path: Path) -> None:
    assert collapse_notes(outputs(*texts), tmp_path / "metrics.jsonl") == []


@pytest.mark.parametrize(
    ("last", "kl"),
    [
        ({"kl_k1": 250.0}, "250"), ({"kl": 120.0}, "120"), ({"kl": 3.0, "mean_length": 50.0}, "150"),
        ({"kl_k1": 40.0}, None), ({"kl": 0.1, "mean_length": 50.0}, None), ({"loss": 1e9}, None), ({}, None),
    ],
)  # fmt: skip
def test_a_policy_far_from_its_start_is_noted(last: dict[str, float], kl: str | None, tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.jsonl"
    metrics.write_text(json.dumps({"kl_k1": 0.0}) + "\n" + json.dumps(last) + "\n")
    notes = collapse_notes(outputs("a", "b"), metrics)
    assert notes == (
        [] if kl is None else [f"the policy ended {kl} nats per answer from its start: it has kept nothing of it"]
    )
