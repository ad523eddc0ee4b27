"""What best-of-n costs in KL to the policy that is sampled, measured beside log n - (n - 1)/n."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from farm.reports.page import Section, Table, Text
from farm.reports.text import number, plus_minus
from farm.stats.best_of_n import SelectionKL


class BestOfNRun(NamedTuple):
    """One run that keeps the best of several answers."""

    method: str
    labels: str
    """What its reward model learned from: the training annotator's name."""
    kls: Sequence[SelectionKL]


def best_of_n_section(runs: Iterable[BestOfNRun]) -> Section | None:
    """The largest n of each method and kind of labels, seeds averaged; None if no run picks among its answers."""
    groups: dict[tuple[str, str, int], list[SelectionKL]] = defaultdict(list)
    for run in runs:
        last = max(run.kls, key=lambda kl: kl.n)
        groups[run.method, run.labels, last.n].append(last)
    if not groups:
        return None
    rows = tuple(
        (
            method,
            labels,
            str(n),
            number(kls[0].bound),
            _measured_text(kls),
            str(sum(kl.n_instructions for kl in kls)),
            str(kls[0].n_samples),
        )
        for (method, labels, n), kls in groups.items()
    )
    header = ("method", "labels", "n", "log n - (n - 1)/n", "measured", "instructions", "answers each")
    about = (
        "In nats per answer. Measured: with the ties among the answers drawn; it is lower where answers repeat. +- is "
        "one standard error over instructions."
    )
    return Section(
        title="KL of best-of-n to the policy that it samples",
        blocks=(Text(text=about), Table(header=header, rows=rows, n_text_columns=2)),
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
    is_known = len(errors) == len(kls)
    return plus_minus(mean, sum(error**2 for error in errors) ** 0.5 / len(errors) if is_known else None)
