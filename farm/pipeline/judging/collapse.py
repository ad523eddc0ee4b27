"""Signs that a policy has collapsed: empty outputs, one output to everything, a long way from its start.

Such a run has standings like any other, and they are right; the signs are kept beside them in `notes.json`, and said.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from farm.bounded.json_text import read_json
from farm.bounded.numbers import finite_number
from farm.records import Output

NOTES = "notes.json"
MOST = 0.9
"""From this share of the outputs on, one text is called the policy's only one."""
FAR_FROM_START = 100.0
"""Nats per answer: a policy that keeps anything of its start is at some tens at most."""


def collapse_notes(outputs: Sequence[Output], metrics: Path) -> list[str]:
    """What is wrong with a policy's outputs, a sentence each; empty if nothing is.

    Args:
        outputs: to the evaluation instructions.
        metrics: what its training logged, `metrics.jsonl`; it need not exist.
    """
    notes, n = [], len(outputs)
    n_empty = sum(not output.output.strip() for output in outputs)
    if n_empty > n / 2:
        notes.append(f"{n_empty:,} of {n:,} outputs are empty: the policy has collapsed")
    text, n_same = Counter(output.output for output in outputs).most_common(1)[0] if outputs else ("", 0)
    if n > 1 and n_same >= MOST * n and text.strip():
        notes.append(f"{n_same:,} of {n:,} outputs are the same text, {text[:40]!r}: the policy has collapsed")
    kl = _last_kl(metrics)
    if kl is not None and kl > FAR_FROM_START:
        notes.append(f"the policy ended {kl:,.0f} nats per answer from its start: it has kept nothing of it")
    return notes


def _last_kl(metrics: Path) -> float | None:
    """KL to the start in the last logged step, in nats per answer; None if the method logs none."""
    lines = metrics.read_text().splitlines() if metrics.is_file() else []
    last = read_json(lines[-1]) if lines else {}
    if not isinstance(last, dict):
        return None
    if "kl_k1" in last:
        return finite_number(last["kl_k1"])
    kl = finite_number(last.get("kl"))  # per token where the mean length is logged beside it
    return None if kl is None else kl * (finite_number(last.get("mean_length")) or 1.0)
