"""AlpacaEval's completion parsers: from a reply to values, one per pair of the prompt (1, 2, 1.5 or 0, or between).

The same replies give the same values as there (alpaca_eval/completion_parsers.py, version 0.6), where it gives any: an
evaluator states its own definition of a verdict, and the grammar of farm's own judges
(`farm.judges.parsers.grammar`) is not asked. Ours read two things more: JSON and rank lists with chatter around them.
And two things less: a reply that reached max_tokens (unless one token was asked for) or ends within its reasoning is no
verdict, and a block of reasoning (`<think>...</think>`) is no part of the reply. Log-probabilities are read wherever
they come. A parser here is a function from a value (the reply, its text, or what the parser before it found) to a list
of values.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import cast

from farm.calls.request import Reply, TokenLogprob
from farm.judges.parsers.answer import spoken
from farm.judges.parsers.json_object import json_values, python_literal
from farm.judges.parsers.reading import Reading, no_verdict, soft_reading, unreadable, wrong_count
from farm.records import Preference
from farm.wording import shape_of

Parser = Callable[[object], list[object]]
Settings = Mapping[str, object]


class ParseError(ValueError):
    """A reply that holds no verdict; the message says why."""


class UnfinishedError(ParseError):
    """A reply that was cut; the message shows its end."""


def parser_named(name: str, settings: Settings) -> Parser:
    """The parser of a `fn_completion_parser` with its `completion_parser_kwargs`.

    Raises:
        ValueError: unknown name, or settings that are missing, unknown or malformed.
    """
    if name == "pipeline_meta_parser":
        return _pipeline(settings)
    if name not in _PARSERS:
        known = ", ".join([*_PARSERS, "pipeline_meta_parser"])
        raise ValueError(f"fn_completion_parser: {shape_of(name)} that is none of {known}")
    needed, optional, parser = _PARSERS[name]
    if missing := sorted(needed - settings.keys()):
        raise ValueError(f"completion_parser_kwargs: {name} needs {', '.join(missing)}")
    if unknown := sorted(settings.keys() - needed - optional):
        raise ValueError(f"completion_parser_kwargs: {name} has no {', '.join(unknown)}")
    if name == "regex_parser":
        settings = {"outputs_to_match": _patterns(settings["outputs_to_match"])}
    return partial(parser, **settings)


def is_weighted(name: str, settings: Settings) -> bool:
    """Whether a parser gives probabilities instead of verdicts: `logprob_parser`, by itself or as one of several."""
    if name == "pipeline_meta_parser":
        steps = settings.get("parsers_to_kwargs")
        named = steps.items() if isinstance(steps, Mapping) else ()
        return any(is_weighted(str(step), own if isinstance(own, Mapping) else {}) for step, own in named)
    return name == "logprob_parser" and not settings.get("is_binarize")


def read_values(parser: Parser, reply: Reply, n_pairs: int) -> list[Reading]:
    """One reading per pair; none at all if the parser finds another number of values."""
    try:
        values = parser(reply)
    except UnfinishedError as error:
        return [no_verdict(str(error))] * n_pairs
    except (ParseError, RecursionError) as error:
        return [unreadable(str(error), reply.text)] * n_pairs
    if len(values) != n_pairs:
        return [wrong_count(len(values), n_pairs, reply.text)] * n_pairs
    return [_reading(value) for value in values]


def _reading(value: object) -> Reading:
    """Of 1 (the first shown is better), 2, 1.5 or 0 (neither), or 2 - probability."""
    try:
        number = float(cast(float, value))
    except (TypeError, ValueError, OverflowError):
        return no_verdict(f"the parser found no number from 1 to 2 ({value!r})")
    if number in (0.0, 1.5):
        return Reading(Preference.TIE, 0.5 if number else None)
    if number in (1.0, 2.0) and not isinstance(value, float):
        return Reading(Preference(number))
    if not 1.0 <= number <= 2.0:
        return no_verdict(f"the parser found no number from 1 to 2 ({value!r})")
    return soft_reading(2.0 - number)


def _regex(found: object, outputs_to_match: Mapping[object, re.Pattern[str]]) -> list[object]:
    """The keys of the patterns in the order in which they match."""
    text, values = _text(found), []
    while text and (matches := _matches(text, outputs_to_match)):
        match, value = min(matches, key=lambda pair: pair[0].start())
        values.append(value)
        # A pattern that matches nothing at all would match for ever.
        text = text[max(match.end(), 1) :]
    return values


def _matches(text: str, patterns: Mapping[object, re.Pattern[str]]) -> list[tuple[re.Match[str], object]]:
    return [(match, value) for value, pattern in patterns.items() if (match := pattern.search(text))]


def _lmsys(found: object) -> list[object]:
    """Two scores on the first line."""
    line = _text(found).split("\n")[0].replace(",", " ").split()
    try:
        first, second = (float(word) for word in line)
    except ValueError as error:
        raise ParseError("no two scores on the first line") from error
    return [1 if first > second else 2 if first < second else 0]


def _ranking(found: object, model_1_name: str = "model_1") -> list[object]:
    """The rank of the first model."""
    if isinstance(found, Reply):
        found = _first_value(_text(found), list)
    items = found if isinstance(found, list) else []
    ranks = [item.get("rank") for item in items if isinstance(item, dict) and item.get("model") == model_1_name]
    if not ranks or ranks[0] not in (1, 2):
        raise ParseError(f"no rank 1 or 2 of {model_1_name!r}")
    return [1 if ranks[0] == 1 else 2]


def _json(found: object, annotation_key: str | None) -> list[object]:
    """The value of a key in an object, or in each object of a list."""
    value = _first_value(_text(found), (dict, list))
    items: list[object] = value if isinstance(value, list) else [value]
    if annotation_key is None:
        return items
    values = [item[annotation_key] for item in items if isinstance(item, dict) and annotation_key in item]
    if len(values) < len(items):
        raise ParseError(f"no key {annotation_key!r}")
    return values


def _eval(found: object) -> list[object]:
    """The text read as a Python literal."""
    try:
        value = python_literal(_text(found).strip())
    except ValueError as error:
        raise ParseError("no Python literal") from error
    return value if isinstance(value, list) else [value]


def _replace(found: object, replacer: Mapping[object, object], default_replacer: object = "auto") -> list[object]:
    """What stands for a value; itself, or the default, if nothing does."""
    value = _text(found) if isinstance(found, Reply) else found
    default = value if default_replacer == "auto" else default_replacer
    # Looked through one by one, for a value may be a list, which no mapping can be asked about.
    return [next((new for old, new in replacer.items() if old == value), default)]


def _logprob(
    found: object,
    numerator_token: str,
    denominator_tokens: Sequence[str],
    is_binarize: bool = True,
    log_prob_index: object = "batch",
) -> list[object]:
    """2 - P(numerator) / sum of P(denominators), at each place of the reply or at one of them."""
    places = found.top_logprobs if isinstance(found, Reply) else ()
    if not places:
        raise ParseError("the reply came without log-probabilities")
    if isinstance(log_prob_index, int):
        if not -len(places) <= log_prob_index < len(places):
            raise ParseError(f"no place {log_prob_index}")
        places = (places[log_prob_index],)
    return [_ratio(place, numerator_token, list(denominator_tokens), is_binarize) for place in places]


def _ratio(place: Sequence[TokenLogprob], numerator: str, denominators: list[str], is_binarize: bool) -> object:
    known = {token.token: token.logprob for token in place if token.token in {numerator, *denominators}}
    if not known:
        raise ParseError(f"none of {', '.join(map(repr, denominators))} is among the likely tokens")
    of_numerator = known.get(numerator, -math.inf)
    if is_binarize:
        best_other = max(known.get(token, -math.inf) for token in denominators if token != numerator)
        # An exact draw is a tie here; it is 2 there, which favours a position.
        return 0 if of_numerator == best_other else 1 if of_numerator > best_other else 2
    total = math.fsum(math.exp(known[token]) for token in denominators if token in known)
    if total == 0.0:
        raise ParseError(f"{', '.join(map(repr, denominators))} have no probability")
    return 2.0 - min(1.0, math.exp(of_numerator) / total)


def _pipeline(settings: Settings) -> Parser:
    """Each parser reads what the one before it found."""
    unknown = settings.keys() - {"parsers_to_kwargs", "is_squeeze"}
    steps = settings.get("parsers_to_kwargs")
    if unknown or not isinstance(steps, Mapping) or not steps:
        raise ValueError(
            f"completion_parser_kwargs: pipeline_meta_parser needs parsers_to_kwargs, got {shape_of(steps)}"
        )
    parsers = [parser_named(str(name), cast(Settings, kwargs or {})) for name, kwargs in steps.items()]

    return partial(_in_turn, parsers)


def _in_turn(parsers: Sequence[Parser], found: object) -> list[object]:
    values = parsers[0](found)
    if len(parsers) == 1:
        return values
    results = [_in_turn(parsers[1:], value) for value in values]
    return [result[0] if len(result) == 1 else result for result in results]


def _patterns(outputs_to_match: object) -> dict[object, re.Pattern[str]]:
    if not isinstance(outputs_to_match, Mapping) or not outputs_to_match:
        raise ValueError(
            f"completion_parser_kwargs: outputs_to_match maps values to patterns, got {shape_of(outputs_to_match)}"
        )
    try:
        return {key: re.compile(str(pattern)) for key, pattern in outputs_to_match.items()}
    except re.error as error:
        raise ValueError(f"completion_parser_kwargs: outputs_to_match: a pattern with an error: {error}") from error


def _text(found: object) -> str:
    if isinstance(found, Reply):
        said = spoken(found)
        if said.reason:
            raise UnfinishedError(said.reason)
        return said.text
    return found if isinstance(found, str) else json.dumps(found)


def _first_value(text: str, kinds: type | tuple[type, ...]) -> object:
    """The first JSON or Python literal of a kind; code fences and chatter around it do not matter."""
    for value in json_values(text):
        if isinstance(value, kinds):
            return value
    raise ParseError("no JSON")


_PARSERS: dict[str, tuple[set[str], set[str], Callable[..., list[object]]]] = {
    "regex_parser": ({"outputs_to_match"}, set(), _regex),
    "lmsys_parser": (set(), set(), _lmsys),
    "ranking_parser": (set(), {"model_1_name"}, _ranking),
    "json_parser": ({"annotation_key"}, set(), _json),
    "eval_parser": (set(), set(), _eval),
    "replace_parser": ({"replacer"}, {"default_replacer"}, _replace),
    "logprob_parser": ({"numerator_token", "denominator_tokens"}, {"is_binarize", "log_prob_index"}, _logprob),
}
"""Needed settings, optional settings, function."""
