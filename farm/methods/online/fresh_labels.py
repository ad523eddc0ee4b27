"""What methods do with the annotator's verdicts on answers that the policy has just drawn.

A tie or a missing verdict puts two answers in no order, and so does any verdict on two equal ones. It has cost its
label all the same, and is counted in the artifact's `labels.json`.
"""

from collections.abc import Sequence

from farm.methods.method import Labeller
from farm.records import Output, Preference, PreferencePair, comparison_of


def pairs_of(labels: Labeller, rows: Sequence[Sequence[Output]], request: int) -> list[PreferencePair]:
    """Chosen and rejected of every two answers that the annotator puts in an order.

    Args:
        labels: the annotator.
        rows: two answers to an instruction each.
        request: the number of the request to the annotator.
    """
    verdicts = labels.label([comparison_of(first, second) for first, second in rows], request)
    ordered = [
        (first, second) if verdict is Preference.FIRST else (second, first)
        for (first, second), verdict in zip(rows, verdicts, strict=True)
        if verdict in (Preference.FIRST, Preference.SECOND)
        and (first.output, first.is_finished) != (second.output, second.is_finished)
    ]
    return [
        PreferencePair(
            instruction=chosen.instruction,
            input=chosen.input,
            chosen=chosen.output,
            rejected=rejected.output,
            chosen_is_finished=chosen.is_finished,
            rejected_is_finished=rejected.is_finished,
            history=chosen.history,
        )
        for chosen, rejected in ordered
    ]


def knockout_rounds(n: int) -> int:
    """How many requests a knockout among n answers takes; it takes n - 1 labels."""
    return (n - 1).bit_length()


def best_by_knockout(labels: Labeller, rows: Sequence[Sequence[Output]], first_request: int) -> list[Output]:
    """The winner of each row: answers meet two by two, in the order of their draws, and the preferred one goes on.

    An odd one out goes on without a match; where there is no order, the answer that was drawn first goes on.

    Args:
        labels: the annotator.
        rows: equally many answers to an instruction each.
        first_request: the number of the first of `knockout_rounds` requests.
    """
    left = [list(row) for row in rows]
    for request in range(first_request, first_request + knockout_rounds(len(left[0]))):
        matches = [pair for row in left for pair in zip(row[::2], row[1::2], strict=False)]
        verdicts = labels.label([comparison_of(first, second) for first, second in matches], request)
        winners = iter(
            second if verdict is Preference.SECOND else first
            for (first, second), verdict in zip(matches, verdicts, strict=True)
        )
        left = [[next(winners) for _ in row[1::2]] + (row[-1:] if len(row) % 2 else []) for row in left]
    return [winner for (winner,) in left]
