"""Reference-guided judging: a model first answers the instruction itself, and the judge sees its answer.

MT-Bench (Zheng et al. 2023, arXiv 2306.05685, section 3.4) grades mathematics this way, with an answer that was made
without sight of the outputs.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from farm.calls.request import Calls, Decoding, ModelSlot, Request
from farm.conversation import instruction_text
from farm.judges.spending import Share
from farm.judges.template import check_template, fill, tag_for
from farm.records import Comparison


@dataclass(frozen=True, kw_only=True)
class ReferenceWriter:
    """Writes one answer per instruction; every comparison of that instruction is judged against it."""

    key_name: ClassVar[str] = "ReferenceWriter"

    model: ModelSlot
    """Who answers."""
    decoding: Decoding
    """How the answer is decoded."""
    prompt: str
    """The template, with instruction and input."""

    def __post_init__(self) -> None:
        check_template(self.prompt, known=["tag", "instruction", "input"], needed=["instruction"])

    def answers(self, comparisons: Sequence[Comparison], seed: int, calls: Calls, *, judge: str) -> list[Share]:
        """One reply per comparison; comparisons of one instruction share theirs."""
        by_key = {comparison.instruction_key: comparison for comparison in comparisons}
        requests = [self._request(comparison, seed, judge) for comparison in by_key.values()]
        replies = dict(zip(by_key, calls.ask(requests), strict=True))
        n_sharing = Counter(comparison.instruction_key for comparison in comparisons)
        seen: Counter[str] = Counter()
        shares = []
        for comparison in comparisons:
            key = comparison.instruction_key
            shares.append(Share(replies[key], seen[key], n_sharing[key]))
            seen[key] += 1
        return shares

    def _request(self, comparison: Comparison, seed: int, judge: str) -> Request:
        texts = {"instruction": instruction_text(comparison), "input": comparison.input}
        tag = tag_for(seed, texts.values())
        messages = fill(self.prompt, {"tag": tag, **texts})
        return Request(slot=self.model, messages=messages, decoding=self.decoding, judge=judge, wants="text")
