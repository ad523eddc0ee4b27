"""Leaderboards of made-up figures and texts, of any size, for tests of what the site shows."""

from collections.abc import Iterator, Sequence

import numpy as np

from farm.leaderboard.answers import EntryAnswer, Judgement
from farm.leaderboard.board import Board, BoardRow, BoardTable, Finding, TrackTrust, TrustPoint
from farm.stats.bootstrap import Estimate
from farm.stats.ranking.win_rates import Difference

SENTENCE = "the model says that one answer holds more of what was asked than another and gives its reasons "


def estimate(value: float | None, half: float = 0.0, *, n_total: int = 100, reason: str = "") -> Estimate:
    """With an interval of half the width on each side."""
    if value is None:
        return Estimate(value=None, low=None, high=None, n_total=0, reason=reason or "not given")
    return Estimate(value=value, low=value - half, high=value + half, n_total=n_total)


def row(name: str, rate: float, **changes: object) -> BoardRow:
    """One model of that win rate."""
    n_wins = round(100 * rate)
    values: dict[str, object] = {
        "name": name, "feedback": "", "base": "", "is_label_free": False, "keys": [f"key of {name}"], "seeds": [],
        "rank_low": 1, "rank_high": 2, "win_rate": rate, "standard_error": 0.016, "discrete_win_rate": None,
        "length_controlled": estimate(rate - 0.01, 0.035), "style_controlled": estimate(None),
        "rating": estimate(400 * (rate - 0.5), 25), "to_next": Difference(
            difference=0.01, standard_error=0.012, n_total=100, n_unparsed=0),
        "n_instructions": 100, "n_wins": n_wins, "n_ties": 0, "n_losses": 100 - n_wins, "n_unparsed": 0,
        "mean_length": 900.0, "mean_tokens": None, "utility": None, "cost_usd": None, "repeat_sd": None,
        "findings": [], "notes": [],
    }  # fmt: skip
    return BoardRow(**(values | changes))  # type: ignore[arg-type]


def table(rows: Sequence[BoardRow], **changes: object) -> BoardTable:
    """A ranking of these rows."""
    values: dict[str, object] = {
        "track": "made_up", "title": "Made-up track", "annotator": "judge", "reference": "reference model",
        "n_instructions": 100, "rows": rows, "trust": [], "is_graded": False,
    }  # fmt: skip
    return BoardTable(**(values | changes))  # type: ignore[arg-type]


def large_board(n_models: int, n_instructions: int) -> Board:
    """Models of win rates from 0.05 to 0.95, some with findings, and a human ranking that agrees roughly."""
    rng = np.random.default_rng(0)
    rates = np.sort(rng.uniform(0.05, 0.95, n_models))[::-1]
    rows = []
    for index, rate in enumerate(rates):
        n_wins, n_ties = int(rate * n_instructions), int(0.02 * n_instructions)
        severe = Finding(
            check="constant_outputs", sentence=f"{n_instructions} outputs are the same text", n_rows=n_instructions,
            is_severe=True,
        )  # fmt: skip
        mild = Finding(check="truncated", sentence="12 outputs end in mid-sentence", n_rows=12, is_severe=False)
        rows.append(
            row(
                f"model-{index:03d}-instruct-v0.{index % 7}",
                float(rate),
                rank_low=max(1, index - 2),
                rank_high=min(n_models, index + 4),
                n_instructions=n_instructions,
                n_wins=n_wins,
                n_ties=n_ties,
                n_losses=max(0, n_instructions - n_wins - n_ties),
                mean_length=float(rng.uniform(200, 2500)),
                cost_usd=float(rng.uniform(0.1, 20)),
                findings=[severe] if index % 50 == 7 else [mild] if index % 20 == 3 else [],
            )
        )
    there = [estimate(float(rate + rng.normal(0, 0.08)), 0.06) for rate in rates]
    points = [
        TrustPoint(name=r.name, here=estimate(r.win_rate, 0.03), there=score)
        for r, score in zip(rows, there, strict=True)
    ]
    trust = TrackTrust(
        source="a made-up human ranking", points=points[:40], spearman=estimate(0.93, 0.04),
        kendall=estimate(0.8, 0.06), r_squared=estimate(0.88, 0.05),
        inversions=[f"{rows[3].name} above {rows[2].name}"] if n_models > 3 else [], advice="400 more labels",
    )  # fmt: skip
    return Board(tables=[table(rows, n_instructions=n_instructions, trust=[trust])])


def answers_of(key: str, annotator: str, *, n_instructions: int, n_characters: int = 1600) -> Iterator[EntryAnswer]:
    """One answer to each instruction, of that many characters, with two judges' verdicts."""
    text = (SENTENCE * (1 + n_characters // len(SENTENCE)))[:n_characters]
    for index in range(n_instructions):
        score = (1.0, 0.0, 0.5, None)[(index + len(key)) % 4]
        preference = None if score is None else 1 + score
        judgements = [
            Judgement(judge="first judge", preference=preference, first_shown=1, reply=f"Output ({index % 2})",
                      unparsed_reason="no verdict found" if preference is None else ""),
            Judgement(judge="second judge", preference=2.0, first_shown=2, reply="The second one is better."),
        ]  # fmt: skip
        yield EntryAnswer(
            key=key, annotator=annotator, instruction_key=f"i{index}", instruction=f"Question {index}: {text[:120]}",
            input="", output=f"{key} {index}: {text}", reference=f"reference {index}: {text}",
            is_finished=index % 9 != 0, score=score, judgements=judgements,
        )  # fmt: skip
