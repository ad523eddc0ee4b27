"""One model on one track with its verdicts: what becomes an artifact of kind "submission", and the figures of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from farm.leaderboard.answers import EntryAnswer, Judgement
from farm.leaderboard.board import Finding
from farm.leaderboard.collection.style import style_of
from farm.leaderboard.entries import AnswerStyle, Entry, EntryVerdict, TrackNotes
from farm.leaderboard.evaluation.recorded import RecordedModel, RecordedVerdict
from farm.leaderboard.tracks.tokens import token_counter
from farm.leaderboard.tracks.track import Track
from farm.stats.ranking.win_rates import win_rate


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """A model that was judged; `entry.key` is empty until it is an artifact."""

    entry: Entry
    track: TrackNotes
    verdicts: Sequence[EntryVerdict]
    answers: Sequence[EntryAnswer]
    """Instruction by instruction as the verdicts."""
    findings: Sequence[Finding] = ()
    """What the integrity checks found."""

    @property
    def is_graded(self) -> bool:
        return any(verdict.is_graded for verdict in self.verdicts)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The plain figures of one model; AlpacaEval's where it has them."""

    win_rate: float | None
    """Mean score, in [0, 1]; None if no verdict was parsed."""
    standard_error: float | None
    """Sample standard deviation / sqrt(n) of the scores; None with fewer than two."""
    discrete_win_rate: float | None
    """With each grade rounded to win, tie or loss; `win_rate` itself where nothing is graded."""
    n_total: int
    """Labels that were parsed."""
    n_unparsed: int
    n_wins: int
    n_ties: int
    n_losses: int
    n_instructions: int
    """With at least one parsed label."""
    mean_length: float
    """Characters of the outputs."""


def figures_of(verdicts: Sequence[EntryVerdict]) -> Figures:
    """The figures of one model's verdicts."""
    scores = np.array([np.nan if v.score is None else v.score for v in verdicts], dtype=np.float64)
    rate = win_rate(scores)
    n_wins, n_ties, n_losses = (sum(vars(v)[name] for v in verdicts) for name in ("n_wins", "n_ties", "n_losses"))
    n_total = n_wins + n_ties + n_losses
    return Figures(
        win_rate=rate.win_rate,
        standard_error=rate.standard_error,
        discrete_win_rate=(n_wins + n_ties / 2) / n_total if n_total else None,
        n_total=n_total,
        n_unparsed=sum(v.n_unparsed for v in verdicts),
        n_wins=n_wins,
        n_ties=n_ties,
        n_losses=n_losses,
        n_instructions=rate.n_total,
        mean_length=float(np.mean([v.style.length for v in verdicts])),
    )


def track_notes(track: Track, reference_name: str) -> TrackNotes:
    """What stands in a submission about its track."""
    return TrackNotes(
        name=track.name, title=track.title, reference=reference_name, compared_with=tuple(track.compared_with)
    )


def evaluated_recording(model: RecordedModel, track: Track, *, name: str) -> Evaluated:
    """Recorded annotations as a model on a track.

    Args:
        model: as read.
        track: whose instructions they answer.
        name: what the model is called there.
    """
    styles: dict[str, AnswerStyle] = {}

    tokens = token_counter(track)

    def style(text: str) -> AnswerStyle:
        if text not in styles:
            styles[text] = style_of(text, n_tokens=None if tokens is None else tokens(text))
        return styles[text]

    costs = [verdict.cost_usd for verdict in model.verdicts]
    known = [cost for cost in costs if cost is not None]
    is_graded = model.is_graded
    return Evaluated(
        entry=Entry(
            key="",
            track=track.name,
            annotator=model.annotator,
            name=name,
            origin="annotations",
            cost_usd=sum(known) if len(known) == len(costs) else None,
            notes=tuple(model.notes),
        ),
        track=track_notes(track, model.reference_name),
        verdicts=[
            EntryVerdict(
                key="",
                annotator=model.annotator,
                instruction_key=verdict.instruction.key,
                score=verdict.score,
                n_wins=int(verdict.score is not None and verdict.score > 0.5),
                n_ties=int(verdict.score == 0.5),
                n_losses=int(verdict.score is not None and verdict.score < 0.5),
                n_unparsed=int(verdict.score is None),
                is_graded=is_graded,
                style=style(verdict.output),
                reference_style=style(verdict.reference),
            )
            for verdict in model.verdicts
        ],
        answers=[_answer(verdict, model.annotator) for verdict in model.verdicts],
    )


def _answer(verdict: RecordedVerdict, annotator: str) -> EntryAnswer:
    return EntryAnswer(
        key="",
        annotator=annotator,
        instruction_key=verdict.instruction.key,
        instruction=verdict.instruction.instruction,
        input=verdict.instruction.input,
        output=verdict.output,
        reference=verdict.reference,
        is_finished=True,
        score=verdict.score,
        judgements=(
            Judgement(
                judge=annotator,
                preference=None if verdict.score is None else 1.0 + verdict.score,
                first_shown=None,
                reply=verdict.reply,
                unparsed_reason="" if verdict.score is not None else "the recorded annotation has no preference",
            ),
        ),
    )
