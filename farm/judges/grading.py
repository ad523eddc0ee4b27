"""Single-answer grading: each output is graded alone, and the grades are compared.

MT-Bench (Zheng et al. 2023, arXiv 2306.05685, section 3.1) calls it single answer grading. It scales to many systems
(an output that stands in several comparisons is asked about once) and knows no position; it tells close pairs apart
worse than showing both. Equal grades are a tie.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from farm.calls.request import Calls, Decoding, ModelSlot, Reply, Request
from farm.conversation import instruction_text
from farm.judges.parsers.grades import Grade, GradeParser
from farm.judges.parsers.reading import Reading, compared, no_verdict
from farm.judges.spending import Share, verdict_of
from farm.judges.template import check_template, fill, tag_for
from farm.records import Comparison, Verdict


@dataclass(frozen=True, kw_only=True)
class GradingJudge:
    """Asks a model for a grade of each output (`farm.judges.judge.Judge`); the order of presentation has no effect."""

    key_name: ClassVar[str] = "GradingJudge"

    name: str
    """Unique within its panel."""
    model: ModelSlot
    """Who is asked."""
    decoding: Decoding
    """How the reply is decoded."""
    prompt: str
    """The template, with instruction, input and output."""
    parser: GradeParser
    """How the grade is read."""

    def __post_init__(self) -> None:
        check_template(self.prompt, known=["tag", "instruction", "input", "output"], needed=["instruction", "output"])

    def verdicts(
        self,
        comparisons: Sequence[Comparison],
        first_shown: Sequence[int],  # noqa: ARG002
        seed: int,
        *,
        sample: int = 0,
        calls: Calls,
    ) -> list[Verdict]:
        """Two requests per comparison; their grades compared."""
        requests = [
            self._request(comparison, output, seed, sample)
            for comparison in comparisons
            for output in (comparison.output_1, comparison.output_2)
        ]
        replies = calls.ask(requests)
        return [self._verdict(*pair) for pair in zip(replies[::2], replies[1::2], strict=True)]

    def _request(self, comparison: Comparison, output: str, seed: int, sample: int) -> Request:
        texts = {"instruction": instruction_text(comparison), "input": comparison.input, "output": output}
        # Keyed by this output alone: the request is the same in every comparison that the output stands in.
        values = {"tag": tag_for(seed, texts.values()), **texts}
        return Request(
            slot=self.model, messages=fill(self.prompt, values), decoding=self.decoding, sample=sample, judge=self.name
        )

    def _verdict(self, reply_1: Reply, reply_2: Reply) -> Verdict:
        grades = [self._grade(reply) for reply in (reply_1, reply_2)]
        raw_reply = json.dumps([reply_1.text, reply_2.text], ensure_ascii=False)
        return verdict_of(_reading(*grades), raw_reply, [Share(reply_1), Share(reply_2)])

    def _grade(self, reply: Reply) -> Grade:
        return Grade(None, reply.failure) if reply.failure else self.parser.grade(reply)


def _reading(grade_1: Grade, grade_2: Grade) -> Reading:
    if grade_1.value is not None and grade_2.value is not None:
        return compared(grade_1.value, grade_2.value)
    missing = [f"output_{n}: {g.reason}" for n, g in ((1, grade_1), (2, grade_2)) if g.value is None]
    return no_verdict("; ".join(missing))
