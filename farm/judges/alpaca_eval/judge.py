"""Runs AlpacaEval's evaluators: a folder of its format becomes a panel of judges, unchanged.

Kept as there: prompts, models and decoding, parsers, batches with a fixed number of pairs (filled up with its padding
example, all or none of them parsed). Ours are caching, retries, accounts, the order of presentation (drawn per
comparison, see `farm.annotators`) and the grouping into batches (by contents). Equal outputs are a tie for everybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from farm.calls.request import Calls, Decoding, ModelSlot, Request
from farm.conversation import Message, instruction_text
from farm.judges.alpaca_eval.config import EvaluatorConfig, asked, config_path, read_configs, read_prompt
from farm.judges.alpaca_eval.parsers import Parser, is_weighted, parser_named, read_values
from farm.judges.alpaca_eval.prompt import check_placeholders, filled, has_input, template_messages
from farm.judges.parsers.reading import no_verdict
from farm.judges.spending import Share, verdict_of
from farm.records import Comparison, Verdict
from farm.seeds import derive_seed

_PADDING = {"instruction": "1+1=", "input": "", "output_1": "2", "output_2": "3"}
"""AlpacaEval's padding of the last batch (alpaca_eval/utils.py, DUMMY_EXAMPLE)."""


@dataclass(frozen=True, kw_only=True)
class EvaluatorJudge:
    """One annotator of an evaluator folder (`farm.judges.judge.Judge`)."""

    key_name: ClassVar[str] = "EvaluatorJudge"

    name: str
    """Its name in the folder."""
    model: ModelSlot
    """Who is asked."""
    decoding: Decoding
    """How the reply is decoded."""
    messages: tuple[Message, ...]
    """The template, divided into messages."""
    parser: Parser
    """From a reply to one value per pair."""
    n_pairs_per_prompt: int
    """Pairs that the template has places for."""
    is_weighted: bool
    """Its verdict is a probability, from the likelihood of the words, which AlpacaEval 2's win rates take as it is."""
    shows_output_1_first: bool
    """The evaluator does not randomise the order: output_1 is shown first whatever it is told."""

    def verdicts(
        self,
        comparisons: Sequence[Comparison],
        first_shown: Sequence[int],
        seed: int,
        *,
        sample: int = 0,
        calls: Calls,
    ) -> list[Verdict]:
        """The evaluator's verdicts. Its prompt knows no seed: with a temperature, another seed draws another sample."""
        orders = [1] * len(comparisons) if self.shows_output_1_first else list(first_shown)
        if seed != 0 and self.decoding.temperature > 0.0:
            sample = derive_seed(seed, "sample of an evaluator", str(sample)) % 2**31
        rows = sorted(range(len(comparisons)), key=lambda row: (comparisons[row].pair_key, comparisons[row].key))
        size = self.n_pairs_per_prompt
        groups = [rows[i : i + size] for i in range(0, len(rows), size)]
        requests = [self._request([self._values(comparisons[r], orders[r]) for r in group], sample) for group in groups]
        verdicts: dict[int, Verdict] = {}
        for group, reply in zip(groups, calls.ask(requests), strict=True):
            failed = [no_verdict(reply.failure)] * size
            readings = failed if reply.failure else read_values(self.parser, reply, size)
            for place, row in enumerate(group):
                share = Share(reply, place, len(group))
                verdict = verdict_of(readings[place].unswapped(orders[row]), reply.text, [share])
                verdicts[row] = verdict._replace(first_shown=orders[row] if orders[row] != first_shown[row] else None)
        return [verdicts[row] for row in range(len(comparisons))]

    def _values(self, comparison: Comparison, first_shown: int) -> dict[str, str]:
        instruction = instruction_text(comparison)
        if comparison.input and not has_input(self.messages):
            instruction = f"{instruction}\n\n{comparison.input}"  # as AlpacaEval merges the two
        outputs = (comparison.output_1, comparison.output_2)
        first, second = outputs if first_shown == 1 else outputs[::-1]
        return {"instruction": instruction, "input": comparison.input, "output_1": first, "output_2": second}

    def _request(self, pairs: Sequence[dict[str, str]], sample: int) -> Request:
        padded = [*pairs, *([_PADDING] * (self.n_pairs_per_prompt - len(pairs)))]
        messages = filled(self.messages, padded)
        return Request(slot=self.model, messages=messages, decoding=self.decoding, sample=sample, judge=self.name)


@dataclass(frozen=True, kw_only=True)
class AlpacaEvalPanel:
    """All annotators of an evaluator folder (`farm.judges.judge.Panel`)."""

    key_name: ClassVar[str] = "AlpacaEvalPanel"

    folder: Path
    """The folder with configs.yaml; its prompts are looked for beside it, as AlpacaEval does, and in it."""
    model: str | None
    """Ask this model instead of the folder's; null for those."""
    base_url: str | None
    """Ask this endpoint; null for the folder's client_kwargs.base_url, and without it OPENAI_BASE_URL."""
    api_key_variable: str
    """Name of the environment variable that holds the key."""

    def __post_init__(self) -> None:
        self.members()

    def members(self) -> Sequence[EvaluatorJudge]:
        """The judges, in the order of the YAML.

        Raises:
            ValueError: what cannot be read, and in which file.
        """
        return self._judges

    @cached_property
    def _judges(self) -> list[EvaluatorJudge]:
        path = config_path(self.folder)
        judges = []
        for name, config in read_configs(self.folder).items():
            try:
                judges.append(self._judge(name, config, path))
            except ValueError as error:
                raise ValueError(f"{path}: {name}: {error}") from error
        return judges

    def _judge(self, name: str, config: EvaluatorConfig, path: Path) -> EvaluatorJudge:
        model, decoding = asked(config, path)
        if self.model is not None:
            model = replace(model, model=self.model)
        if self.base_url is not None:
            model = replace(model, base_url=self.base_url, address_from="")
        messages = template_messages(read_prompt(config.prompt_template, path))
        check_placeholders(messages, config.batch_size)
        return EvaluatorJudge(
            name=name,
            model=replace(model, api_key_variable=self.api_key_variable),
            decoding=decoding,
            messages=messages,
            parser=parser_named(config.fn_completion_parser, config.completion_parser_kwargs),
            n_pairs_per_prompt=config.batch_size,
            is_weighted=is_weighted(config.fn_completion_parser, config.completion_parser_kwargs),
            shows_output_1_first=not config.is_randomize_output_order,
        )
