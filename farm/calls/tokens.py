"""How many tokens a text will have, without its tokeniser: for budgets, `dry_run`, and where an endpoint counts none.

A token of English is about four characters for the usual vocabularies; other scripts take up to one token per
character and more, so characters outside ASCII count as one each. A chat adds a few tokens per message.
"""

import math

from farm.calls.request import Request

CHARACTERS_PER_TOKEN = 4.0
TOKENS_PER_MESSAGE = 4


def estimated_prompt_tokens(request: Request) -> int:
    """Tokens of all messages, roughly; endpoints report the true number with each reply."""
    text = "".join(message.content for message in request.messages)
    return estimated_tokens(text) + TOKENS_PER_MESSAGE * len(request.messages)


def estimated_tokens(text: str) -> int:
    """Tokens of a text, roughly."""
    n_ascii = len(text.encode("ascii", "ignore"))
    return math.ceil(n_ascii / CHARACTERS_PER_TOKEN + (len(text) - n_ascii))
