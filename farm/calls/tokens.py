"""How many tokens a prompt will have, without its tokeniser: for budgets and for `dry_run`, never for the ledger.

A token of English is about four characters for the usual vocabularies; other scripts take up to one token per
character and more, so characters outside ASCII count as one each. A chat adds a few tokens per message.
"""

import math

from farm.calls.request import Request

CHARACTERS_PER_TOKEN = 4.0
TOKENS_PER_MESSAGE = 4


def estimated_prompt_tokens(request: Request) -> int:
    """Tokens of all messages, roughly; endpoints report the true number with each reply."""
    n_characters = sum(len(message.content) for message in request.messages)
    n_ascii = sum(len(message.content.encode("ascii", "ignore")) for message in request.messages)
    n_tokens = n_ascii / CHARACTERS_PER_TOKEN + (n_characters - n_ascii)
    return math.ceil(n_tokens) + TOKENS_PER_MESSAGE * len(request.messages)
