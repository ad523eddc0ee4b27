"""Entries and verdicts made by hand, from the labels of each model."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from farm.leaderboard.collection.everything import Collected, collected
from farm.leaderboard.entries import AnswerStyle, Entry, EntryVerdict, TrackNotes
from farm.leaderboard.verdict_table import verdict_table

PLAIN = AnswerStyle(length=10, n_tokens=None, n_headings=0, n_list_items=0, n_bold=0)
POND = TrackNotes(name="pond", title="The pond", reference="expert")


def entry(
    name: str, *, annotator: str = "crowd", seed: int | None = 0, track: str = "pond", feedback: str = ""
) -> Entry:
    key = f"{track}-{name}-{feedback}-{seed}"
    return Entry(
        key=key, track=track, annotator=annotator, name=name, feedback=feedback, seed=seed, origin="run", cost_usd=2.0
    )


def verdicts(of: Entry, said: Sequence[str], *, lengths: Sequence[int] | None = None) -> list[EntryVerdict]:
    """One an instruction, from its labels, such as "WWL"; T is a tie, - an unparsed label."""
    rows = []
    for index, letters in enumerate(said):
        n_wins, n_ties, n_losses = (letters.count(letter) for letter in "WTL")
        n_labels = n_wins + n_ties + n_losses
        style = replace(PLAIN, length=10 if lengths is None else lengths[index])
        rows.append(
            EntryVerdict(
                key=of.key, annotator=of.annotator, instruction_key=f"i{index:03}",
                score=(n_wins + n_ties / 2) / n_labels if n_labels else None,
                n_wins=n_wins, n_ties=n_ties, n_losses=n_losses, n_unparsed=letters.count("-"), is_graded=False,
                style=style, reference_style=PLAIN, utility=float(index),
            )
        )  # fmt: skip
    return rows


def made(labels: Mapping[Entry, Sequence[str]], *, tracks: Sequence[TrackNotes] = (POND,)) -> Collected:
    """The data of these entries."""
    tables = [verdict_table(verdicts(of, said)) for of, said in labels.items()]
    return collected(list(labels), tables, {track.name: track for track in tracks})


def drawn(rate: float, n: int, seed: int, *, n_labels: int = 3) -> list[str]:
    """Labels of n instructions that win with a probability."""
    rng = np.random.default_rng(seed)
    return ["".join("W" if won else "L" for won in rng.random(n_labels) < rate) for _ in range(n)]


def a_board(n: int = 40) -> Collected:
    """Three models on forty instructions, two judges, two seeds of one of them."""
    labels = {}
    for annotator, shift in (("crowd", 0.0), ("pool", 0.05)):
        for k, (name, rate) in enumerate((("a", 0.7), ("b", 0.5), ("c", 0.3))):
            for seed in (0, 1):
                labels[entry(name, annotator=annotator, seed=seed)] = drawn(rate + shift, n, 10 * k + seed)
    return made(labels, tracks=[replace(POND, compared_with=("annotator crowd",))])
