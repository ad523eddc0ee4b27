"""How several labels of one item count when models are ranked."""

from collections.abc import Mapping
from typing import Literal

LabelRule = Literal["consensus", "votes", "first_label"]
"""consensus: an item counts once, by the most frequent of its labels, or the mean of graded ones (PandaLM).

votes: every label counts (MT-Bench, Chatbot Arena). first_label: the first label of an item counts (TULU).
"""

RULE_WORDS: Mapping[LabelRule, str] = {
    "consensus": "consensus",
    "votes": "votes",
    "first_label": "first labels",
}
"""What headings call them."""
