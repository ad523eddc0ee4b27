"""What best-of-n costs in KL to the policy that is sampled, measured beside log n - (n - 1)/n."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from farm.reports.text import table
from farm.stats.best_of_n import SelectionKL


class BestOfNRun(NamedTuple):
    """One run that keeps the best of several answers."""

    method: str
    labels: str
    """What its reward model learned from: the training annotator's name."""
    kls: Sequence[SelectionKL]


def best_of_n_report(runs: Iterable[BestOfNRun]) -> str:
    """The largest n of each method and kind of labels, seeds averaged; empty if no run picks among its answers."""
    groups: dict[tuple[str, str, int], list[SelectionKL]] = defaultdict(list)
    for run in runs:
        last = max(run.kls, key=lambda kl: kl.n)
        groups[run.method, run.labels, last.n].append(last)
    if not groups:
        return ""
    rows = [
        [
            method,
            labels,
            str(n),
            f"{kls[0].bound:.3f}",
            _measured_text(kls),
            str(sum(kl.n_instructions for kl in kls)),
            str(kls[0].n_samples),
        ]
        for (method, labels, n), kls in groups.items()
    ]
    header = ["method", "labels", "n", "log n - (n - 1)/n", "measured", "instructions", "answers each"]
    return (
        "KL of best-of-n to the policy that it samples, in nats per answer. Measured: with the ties among the answers "
        "drawn; it is lower where answers repeat.\n\n" + table(header, rows, n_text_columns=2) + "\n"
    )


def best_of_n_line(kls: Sequence[SelectionKL]) -> str:
    """One sentence on the largest n, for a single run."""
    last = max(kls, key=lambda kl: kl.n)
    return (
        f"best of {last.n}: KL to plain sampling {_measured_text([last])} nats measured, {last.bound:.3f} at most "
        f"(log n - (n - 1)/n; {last.n_instructions} instructions)"
    )


def _measured_text(kls: Sequence[SelectionKL]) -> str:
    """Mean over seeds +- the standard error that the instructions imply."""
    mean = sum(kl.measured for kl in kls) / len(kls)
    errors = [kl.standard_error for kl in kls if kl.standard_error is not None]
    if len(errors) < len(kls):
        return f"{mean:.3f}"
    return f"{mean:.3f} +- {sum(error**2 for error in errors) ** 0.5 / len(errors):.3f}"
