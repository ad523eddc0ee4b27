"""What is odd about a model's outputs beside others': copies of another model's, or of the reference's."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from farm.leaderboard.board import Finding

MIN_LENGTH = 20
"""Characters of an output that two models do not write by chance: "Yes." they do."""
MIN_OUTPUTS = 10
COPIED = 0.5
"""Share of equal outputs from which on a model is taken for a copy."""
MANY_EQUAL = 0.1
"""Share of equal outputs that is worth a sentence; of the 34 models' 561 pairs, see experiments/leaderboard.md."""


@dataclass(frozen=True, kw_only=True)
class Fingerprints:
    """A model's outputs as hashes: what is compared between models, without holding their texts."""

    name: str
    by_instruction: Mapping[str, bytes]
    """Of its longer outputs, without regard to blanks."""
    n_outputs: int
    whole: bytes
    """Of all its outputs, byte for byte."""


def fingerprints(name: str, keys: Sequence[str], outputs: Sequence[str]) -> Fingerprints:
    """The hashes of a model's outputs.

    Args:
        name: the model.
        keys: of the instructions.
        outputs: to them.
    """
    whole = hashlib.sha256()
    for key, output in sorted(zip(keys, outputs, strict=True)):
        whole.update(f"{key}\0{len(output)}\0{output}".encode("utf-8", "surrogatepass"))
    return Fingerprints(
        name=name,
        by_instruction={
            key: _hash(output) for key, output in zip(keys, outputs, strict=True) if len(output) >= MIN_LENGTH
        },
        n_outputs=len(outputs),
        whole=whole.digest(),
    )


def duplicate_outputs(model: Fingerprints, others: Sequence[Fingerprints]) -> list[Finding]:
    """A finding for each other model whose outputs are the same, or many of them."""
    found = []
    for other in others:
        shared = model.by_instruction.keys() & other.by_instruction.keys()
        n_equal = sum(model.by_instruction[key] == other.by_instruction[key] for key in shared)
        if model.whole == other.whole:
            sentence = f"all {model.n_outputs:,} outputs are those of {other.name!r}, byte for byte: one is a copy"
            n_rows, is_severe = model.n_outputs, True
        elif len(shared) >= MIN_OUTPUTS and n_equal >= MANY_EQUAL * len(shared):
            sentence = f"{n_equal:,} of {len(shared):,} longer outputs are those of {other.name!r}"
            n_rows, is_severe = n_equal, n_equal >= COPIED * len(shared)
        else:
            continue
        found.append(Finding(check="duplicate_outputs", sentence=sentence, n_rows=n_rows, is_severe=is_severe))
    return found


def reference_itself(outputs: Sequence[str], references: Sequence[str]) -> Finding | None:
    """Outputs that are the reference's own: half of such verdicts are wins whoever judges."""
    pairs = [(a, b) for a, b in zip(outputs, references, strict=True) if len(b) >= MIN_LENGTH]
    n_equal = sum(_hash(a) == _hash(b) for a, b in pairs)
    if len(pairs) < MIN_OUTPUTS or n_equal < MANY_EQUAL * len(pairs):
        return None
    sentence = f"{n_equal:,} of {len(pairs):,} longer outputs are the reference's own"
    is_severe = n_equal >= COPIED * len(pairs)
    return Finding(check="reference_itself", sentence=sentence, n_rows=n_equal, is_severe=is_severe)


def _hash(text: str) -> bytes:
    return hashlib.blake2b(" ".join(text.split()).encode("utf-8", "surrogatepass"), digest_size=16).digest()
