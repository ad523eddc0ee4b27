"""Prompted judges: one template, one model, one parser.

The outputs are called (a) and (b) in the order in which they are shown. A template holds its static part first
(instructions, rubric, examples) and the judged texts last, so that the prefix caching of providers applies.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from farm.calls.request import Calls, Decoding, ModelSlot, Request
from farm.conversation import instruction_text
from farm.judges.parsers.reading import Reading, ReplyParser, no_verdict
from farm.judges.reference import ReferenceWriter
from farm.judges.spending import Share, verdict_of
from farm.judges.template import check_template, fill, tag_for
from farm.records import Comparison, Verdict

_NOT_ASKED = no_verdict("was not asked")
_OF_PAIR = ("tag", "instruction", "input", "output_a", "output_b")


class _Shown(NamedTuple):
    """A comparison as the judge sees it."""

    comparison: Comparison
    first_shown: int
    reference: str

    def values(self, seed: int) -> dict[str, str]:
        c = self.comparison
        output_a, output_b = (c.output_1, c.output_2) if self.first_shown == 1 else (c.output_2, c.output_1)
        instruction = instruction_text(c)
        texts = [instruction, c.input, output_a, output_b, self.reference]
        return {
            "tag": tag_for(seed, texts),
            "instruction": instruction,
            "input": c.input,
            "output_a": output_a,
            "output_b": output_b,
            "reference": self.reference,
        }


@dataclass(frozen=True, kw_only=True)
class PromptedJudge:
    """Shows a model both outputs and reads its reply (`farm.judges.judge.Judge`).

    Several pairs per prompt: the comparisons of one call are grouped by their contents (sorted by pair key), never by
    their order. If the reply does not tell all verdicts of a group, each comparison without one is asked about once
    more, alone. A failed call (refused, given up, no budget) is not asked again here.
    """

    key_name: ClassVar[str] = "PromptedJudge"

    name: str
    """Unique within its panel."""
    model: ModelSlot
    """Who is asked."""
    decoding: Decoding
    """How the reply is decoded."""
    prompt: str
    """The template (`farm.judges.template`)."""
    parser: ReplyParser
    """How the reply is read."""
    n_pairs_per_prompt: int
    """Pairs in one prompt; with 1 the template has instruction, input, output_a, output_b; else a list `pairs`."""
    reference: ReferenceWriter | None
    """Who writes the reference answer that the template shows; null for none."""

    def __post_init__(self) -> None:
        if self.n_pairs_per_prompt < 1:
            raise ValueError(f"n_pairs_per_prompt: expected at least 1, got {self.n_pairs_per_prompt}")
        needed = ["instruction", "output_a", "output_b"] if self.n_pairs_per_prompt == 1 else ["pairs"]
        known = [*_OF_PAIR] if self.n_pairs_per_prompt == 1 else ["pairs"]
        if self.reference is not None:
            if self.n_pairs_per_prompt > 1:
                raise ValueError("reference: a reference answer goes with one pair per prompt")
            known, needed = [*known, "reference"], [*needed, "reference"]
        check_template(self.prompt, known=known, needed=needed)
        if self.parser.labels and self.model.kind == "endpoint" and self.decoding.top_logprobs < 1:
            raise ValueError("decoding.top_logprobs: a parser of log-probabilities needs at least 1, better 20")

    def verdicts(
        self,
        comparisons: Sequence[Comparison],
        first_shown: Sequence[int],
        seed: int,
        *,
        sample: int = 0,
        calls: Calls,
    ) -> list[Verdict]:
        """The model's verdicts; the delimiters in its prompts are drawn from (seed, comparison)."""
        found = [_Found() for _ in comparisons]
        shown = [_Shown(*pair, "") for pair in zip(comparisons, first_shown, strict=True)]
        rows = list(range(len(comparisons)))
        if self.reference is not None:
            references = self.reference.answers(comparisons, seed, calls, judge=self.name)
            shown = [s._replace(reference=share.reply.text) for s, share in zip(shown, references, strict=True)]
            rows = [row for row in rows if found[row].takes_reference(references[row])]
        size = self.n_pairs_per_prompt
        if size > 1:
            rows.sort(key=lambda row: (comparisons[row].pair_key, comparisons[row].key, first_shown[row]))
        self._ask([rows[i : i + size] for i in range(0, len(rows), size)], shown, found, (seed, sample), calls)
        if size > 1:
            again = [[row] for row in rows if found[row].reading.preference is None and not found[row].is_settled]
            self._ask(again, shown, found, (seed, sample), calls)
        return [
            verdict_of(f.reading.unswapped(s.first_shown), f.raw_reply, f.shares)
            for f, s in zip(found, shown, strict=True)
        ]

    def _ask(
        self,
        groups: Sequence[Sequence[int]],
        shown: Sequence[_Shown],
        found: Sequence["_Found"],
        draw: tuple[int, int],
        calls: Calls,
    ) -> None:
        """Ask about groups of rows and note what is found for each row."""
        seed, sample = draw
        requests = [self._request([shown[row].values(seed) for row in group], sample) for group in groups]
        for group, reply in zip(groups, calls.ask(requests), strict=True):
            if reply.failure:
                readings = [no_verdict(reply.failure)] * len(group)
            else:
                readings = self.parser.readings(reply, len(group))
            for index, (row, reading) in enumerate(zip(group, readings, strict=True)):
                found[row].reading = reading
                found[row].is_settled = bool(reply.failure) or len(group) == 1
                found[row].replies.append(reply.text)
                found[row].shares.append(Share(reply, index, len(group)))

    def _request(self, pairs: Sequence[Mapping[str, str]], sample: int) -> Request:
        if self.n_pairs_per_prompt == 1:
            (values,) = pairs
            messages = fill(self.prompt, values)
        else:
            numbered = [{**pair, "number": number} for number, pair in enumerate(pairs, start=1)]
            messages = fill(self.prompt, {"pairs": numbered})
        labels = self.parser.labels if self.model.kind == "local" else ()
        return Request(
            slot=self.model, messages=messages, decoding=self.decoding, labels=labels, sample=sample, judge=self.name
        )


@dataclass(kw_only=True)
class _Found:
    """What is known of one comparison so far."""

    reading: Reading = _NOT_ASKED
    is_settled: bool = False
    """Whether asking about it alone would ask the same again."""
    replies: list[str] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)

    def takes_reference(self, share: Share) -> bool:
        """Note the reference answer; False if there is none and so nothing to judge by."""
        self.shares.append(share)
        self.replies.append(share.reply.text)
        if share.reply.failure:
            self.reading = no_verdict(f"no reference answer: {share.reply.failure}")
        return not share.reply.failure

    @property
    def raw_reply(self) -> str:
        """What was said last; a JSON list if there were several replies."""
        return self.replies[0] if len(self.replies) == 1 else json.dumps(self.replies, ensure_ascii=False)
