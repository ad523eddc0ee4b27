"""Whether the data are enough for what is to be trained and judged, asked before anything is trained.

What cannot be known before it is labelled, such as how many preferences are ties, is asked again once it is.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from farm.bounded.json_text import read_json_object
from farm.conversation import Asked
from farm.errors import UnfitError, UserError
from farm.methods.method import Method, Need, NeedsRows, Requirement
from farm.models.checkpoint import Model, load_tokenizer
from farm.models.prompts import render_all
from farm.models.tokens import encode_prompt
from farm.pipeline.chain import Chain
from farm.pipeline.unpaired_labels import learns_from_unpaired, read_unpaired
from farm.records import Comparison, Demonstration, Instruction, Output, PreferencePair
from farm.store.artifacts import Artifact
from farm.store.tables import read_table

logger = logging.getLogger(__name__)

_NOUNS: dict[Requirement, str] = {
    "demonstrations": "demonstrations",
    "pairs": "preference pairs",
    "unpaired": "unpaired labels",
    "unlabeled": "unlabeled instructions",
    "labels": "labels",
}


_SOURCES: dict[Requirement, str] = {
    "demonstrations": "dataset.n_demonstrations",
    "pairs": "dataset.n_preference",
    "unpaired": "the dataset's files of labels",
    "unlabeled": "dataset.n_unlabeled",
    "labels": "dataset.n_preference",
}
"""What limits them, where comparisons.n_comparisons does not."""


class Rows(NamedTuple):
    """Rows that can be trained on."""

    n: int
    """How many have prompts of at most model.max_prompt_tokens; counting stops where there are enough."""
    n_all: int
    """With the others, as far as was counted."""
    source: str
    """What they are made from, and what is not among them."""


def check_rows(data: Artifact, chain: Chain) -> None:
    """Raise UnfitError or UserError, before anything is trained, if the dataset has too few rows of a kind.

    Pairs are counted as if every comparison became one; `check_pairs` knows better, later.
    """
    if chain.selection is not None:
        _check_validation(data, chain.model, chain.dataset.name)
    limit, n_held_out = chain.evaluation.n_instructions, len(read_table(data.file("evaluation.parquet"), Output))
    if limit is not None and limit > n_held_out:
        logger.warning("evaluation.n_instructions=%d, but there are %d: all of them are used", limit, n_held_out)
    if min(n_held_out, limit or n_held_out) == 1:
        logger.warning(
            "one evaluation instruction gives no standard error: dataset.n_evaluation, evaluation.n_instructions"
        )
    _check_needs("sft", chain.sft, data, chain)
    _check_needs("method", chain.method, data, chain)
    if "reward_model" in chain.requires:
        _check_reward_model(_comparisons(data, chain, chain.reward_model.least_pairs), chain)


def check_pairs(pairs: Artifact, chain: Chain) -> None:
    """Raise UnfitError, before anything is trained on them, if too few comparisons became preference pairs."""
    for need in _needs(chain.method, 0):
        if need.kind == "pairs":
            _check(need, _pairs(pairs, chain, need.n), "method", chain.method.name, chain)
    if "reward_model" in chain.requires:
        _check_reward_model(_pairs(pairs, chain, chain.reward_model.least_pairs), chain)


def label_budget(data: Artifact, chain: Chain) -> int:
    """How many comparisons are labelled for methods that learn from finished pairs: others may ask for as many."""
    if chain.comparisons.source == "recorded":
        return len(read_table(data.file("comparisons.parquet"), Comparison)[: chain.comparisons.n_comparisons])
    return _comparisons(data, chain, None).n


def _check_validation(data: Artifact, model: Model, name: str) -> None:
    asked = read_table(data.file("validation.parquet"), Instruction)
    if not asked:
        raise UserError(
            f"{name}: there are no validation instructions on which a checkpoint could be chosen; "
            "give the dataset some (dataset.n_validation, dataset.validation_file), or selection=none"
        )
    if not _within_limit(model, asked, 1, "validation instructions").n:
        raise UnfitError(
            f"all {len(asked)} validation instructions are longer than model.max_prompt_tokens="
            f"{model.max_prompt_tokens}, so no checkpoint can be chosen on them; raise it, or give selection=none"
        )


def _check_needs(key: str, method: Method, data: Artifact, chain: Chain) -> None:
    """Of one method; `key` is where its settings stand."""
    budget = label_budget(data, chain) if "labels" in method.requires else 0
    other = "pairs" if learns_from_unpaired(data, chain) else "unpaired"
    for need in _needs(method, budget):
        if need.kind == other:
            continue
        if need.kind == "demonstrations":
            demonstrations = read_table(data.file("demonstrations.parquet"), Demonstration)
            rows = _within_limit(chain.model, demonstrations, need.n, "demonstrations")
        elif need.kind == "unlabeled":
            unlabeled = read_table(data.file("unlabeled.parquet"), Instruction)
            rows = _within_limit(chain.model, unlabeled, need.n, "unlabeled instructions")
        elif need.kind == "unpaired":
            unpaired = read_unpaired(data)[: chain.comparisons.n_comparisons]
            rows = _within_limit(chain.model, unpaired, need.n, "unpaired labels")
        elif need.kind == "labels":
            rows = Rows(budget, budget, "comparisons that may be labelled")
        else:
            rows = _comparisons(data, chain, need.n)
        _check(need, rows, key, method.name, chain)


def _needs(method: Method, n_labels: int) -> Sequence[Need]:
    """What a method says; of one that says nothing, a row of each kind that it requires."""
    if isinstance(method, NeedsRows):
        return method.needs(n_labels)
    return [Need(kind, 1, {}) for kind in method.requires if kind in _NOUNS]


def _check(need: Need, rows: Rows, key: str, name: str, chain: Chain) -> None:
    if rows.n >= need.n:
        return
    settings = " and ".join(f"{key}.{setting}={value}" for setting, value in need.settings.items())
    noun = _NOUNS[need.kind]
    takes = f"takes at least {need.n:,} {noun}" + (f" ({settings})" if settings else "")
    ways = [f"lower {' or '.join(f'{key}.{setting}' for setting in need.settings)}"] if settings else []
    ways += ["raise model.max_prompt_tokens"] if rows.n < rows.n_all else []
    ways += [f"give more {noun} ({_source(need.kind, rows, chain)})"]
    raise UnfitError(f"{name} {takes}, and {_available(rows)}; {', or '.join(ways)}")


def _source(kind: Requirement, rows: Rows, chain: Chain) -> str:
    """Where more rows of a kind come from."""
    if kind in ("demonstrations", "unlabeled"):
        return _SOURCES[kind]
    is_recorded = chain.comparisons.source == "recorded" and kind != "unpaired"
    source = "the dataset's recorded comparisons" if is_recorded else _SOURCES[kind]
    limit = chain.comparisons.n_comparisons
    return f"{source}, comparisons.n_comparisons" if limit is not None and rows.n_all >= limit else source


def _check_reward_model(rows: Rows, chain: Chain) -> None:
    try:
        chain.reward_model.check_pairs(rows.n, "reward_model")
    except UnfitError as error:
        raise UnfitError(f"{error} ({_available(rows)})") from error


def _available(rows: Rows) -> str:
    if rows.n == rows.n_all:
        return f"there are {rows.n:,} {rows.source}"
    return f"the prompts of {rows.n:,} of {rows.n_all:,} {rows.source} are within model.max_prompt_tokens"


def _comparisons(data: Artifact, chain: Chain, enough: int | None) -> Rows:
    """What can become pairs at most: recorded comparisons, or instructions that two answers are drawn to."""
    limit = chain.comparisons.n_comparisons
    if chain.comparisons.source == "recorded":
        recorded = read_table(data.file("comparisons.parquet"), Comparison)[:limit]
        return _within_limit(chain.model, recorded, enough, "recorded comparisons")
    asked = read_table(data.file("preference.parquet"), Instruction)
    wanted = min(value for value in (limit, enough, len(asked)) if value is not None)
    return _within_limit(chain.model, asked, wanted, "instructions to compare answers on")


def _pairs(pairs: Artifact, chain: Chain, enough: int) -> Rows:
    """Those that labels have made."""
    counts = read_json_object(pairs.file("counts.json"))
    lost = {"ties": "ties", "unparsed": "without a verdict", "equal_outputs": "between equal texts"}
    reasons = ", ".join(f"{counts[name]:,} {words}" for name, words in lost.items() if counts[name])
    source = "preference pairs" + (f" (and {reasons})" if reasons else "")
    return _within_limit(chain.model, read_table(pairs.file("pairs.parquet"), PreferencePair), enough, source)


def _within_limit(model: Model, asked: Iterable[Asked], enough: int | None, source: str) -> Rows:
    """Rows whose prompts fit into model.max_prompt_tokens, counted until there are enough; None: all."""
    tokenizer = load_tokenizer(model.checkpoint)
    n = n_all = 0
    for each in asked:
        if enough is not None and n >= enough:
            break
        (prompt,) = render_all(model.prompt, tokenizer, [each])
        n_all += 1
        n += len(encode_prompt(tokenizer, prompt)) <= model.max_prompt_tokens
    return Rows(n, n_all, source)
