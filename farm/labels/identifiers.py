"""Names of people are hashed on load: the same person keeps one name in every file, and nobody's name is shown."""

import re

from farm.records import content_key

N_CHARACTERS = 12
"""Hexadecimal digits kept: among 10,000 people, two share a name with probability 2e-7."""

# A judge called model@v1.2 is no mail address: those end in letters.
_MAIL = re.compile(r"[^\s@/]+@(?:[\w-]+\.)+[A-Za-z]{2,}(?![\w.-])")
_PSEUDONYM = re.compile(
    r"[a-z]|[a-z]{0,5}\d+|[a-z]{1,12}[-_ ]\d+"
    r"|.*(human|people|person|participant|crowd|worker|annotator|rater|label|evaluator|judge|expert|author|editor"
    r"|student|user|voter|majority|consensus|gold|reference).*",
    re.IGNORECASE,
)
_WORKER_ID = re.compile(r"A[0-9A-Z]{9,20}|[0-9a-f]{24}")


def hashed_name(prefix: str, identifier: str) -> str:
    """`tulu_human` and `e07` -> `tulu_human_` and twelve hexadecimal digits; stable across files and machines."""
    return f"{prefix}_{content_key(prefix, identifier)[:N_CHARACTERS]}"


def is_mail(name: str) -> bool:
    """Whether a name has a mail address in it."""
    return _MAIL.search(name) is not None


def is_worker_id(name: str) -> bool:
    """Whether a name looks like a worker id of Mechanical Turk or Prolific."""
    return _WORKER_ID.fullmatch(name) is not None


def is_pseudonym(name: str) -> bool:
    """Whether a name is a code (w3, 7) or says a role (annotator_b, crowd): anything else may tell who somebody is."""
    return _PSEUDONYM.fullmatch(name) is not None
