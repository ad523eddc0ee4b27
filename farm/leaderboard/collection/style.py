"""What a judge may like an answer for, whatever it says, counted from its text."""

from farm.leaderboard.entries import AnswerStyle
from farm.stats.bias.answer_style import markup_counts


def style_of(text: str, *, n_tokens: int | None = None) -> AnswerStyle:
    """Characters and Arena's style features of an answer.

    Args:
        text: the answer.
        n_tokens: by the track's tokenizer; None if it names none.
    """
    return AnswerStyle(length=len(text), n_tokens=n_tokens, **markup_counts(text)._asdict())
