"""What a leaderboard is made from: entries, and their verdicts instruction by instruction.

An entry is one model on one track, whoever made it: a run of the laboratory, or somebody's outputs or recorded
annotations. Everything that a leaderboard shows is computed from these two tables, so that the committed ones
(leaderboard/verdicts.parquet) prove the committed pages.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One model on one track, judged by one annotator."""

    key: str
    """Of the artifact that holds its verdicts; with `annotator`, what `EntryVerdict` refers to."""
    track: str
    annotator: str
    """Who judged."""
    name: str
    """The model's name, or that of the method that made it."""
    feedback: str = ""
    """Whose labels it learnt from: the training annotator; empty where nobody said."""
    base: str = ""
    """The pretrained model that it started from; empty where nobody said."""
    seed: int | None = None
    """Of its training; None of a model from outside."""
    origin: str
    """How it came: run, outputs, annotations, server or policy."""
    is_label_free: bool = False
    """Whether labels neither stand behind it nor behind policies that start from it."""
    cost_usd: float | None = None
    """What answering and judging cost, in USD; None if it is not known."""
    notes: tuple[str, ...] = ()
    """Signs of trouble, a sentence each: a collapsed policy, what the integrity checks found."""


@dataclass(frozen=True, kw_only=True)
class TrackNotes:
    """What the page says of a track, and what its ranking can be held against."""

    name: str
    """As in `Entry.track`."""
    title: str
    """One line for people."""
    reference: str
    """Who wrote the reference outputs; empty if nobody knows."""
    compared_with: tuple[str, ...] = ()
    """Other rankings of the same models: `annotator NAME` of this track, whose ranking counts as the truth then;
    `track NAME`, another set of instructions; `standings FILE`, published figures in the leaderboard's folder."""


@dataclass(frozen=True, kw_only=True)
class AnswerStyle:
    """What a judge may like an answer for, whatever it says (Arena's style features)."""

    length: int
    """Characters."""
    n_tokens: int | None
    """By the track's tokenizer; None if it names none."""
    n_headings: int
    """Markdown headings."""
    n_list_items: int
    """Items of ordered and unordered lists."""
    n_bold: int
    """Bold passages."""


@dataclass(frozen=True, kw_only=True)
class EntryVerdict:
    """How one entry's output on one instruction fared against the track's reference."""

    key: str
    """Of the entry."""
    annotator: str
    """Who judged."""
    instruction_key: str
    score: float | None
    """Mean over the parsed labels, in [0, 1]; a graded preference counts by its grade; None if none parsed."""
    n_wins: int
    n_ties: int
    n_losses: int
    n_unparsed: int
    is_graded: bool
    """Whether `score` holds grades (AlpacaEval 2's "weighted" win rate) rather than wins and halves for ties."""
    style: AnswerStyle
    """Of the model's output."""
    reference_style: AnswerStyle | None
    """Of the reference's; None where its text is not known."""
    utility: float | None = None
    """True utility of the output, where the track's dataset knows it."""
