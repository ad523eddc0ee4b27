"""Parameters that a model refuses: left out of its requests from then on, and said once.

Reasoning models take no temperature, some servers no seed, no stop or no system message. What is left out is
remembered for the model at its endpoint as long as the run lasts, so that no other request tries it; the next run asks
once again, for what is not in the cache. The key of a cached reply is what was asked for, not what was sent: whether a
model takes a parameter is a property of the model, as its weights are, and a rerun must find what was paid for. Each
reply says what was left out of its request (`Reply.left_out`).
"""

import logging
import re
from collections.abc import Mapping
from typing import NamedTuple, cast

Body = dict[str, object]

SYSTEM = "system messages"
BOUND = "max_tokens"
NEWER_BOUND = "max_completion_tokens"
NEEDED = ("logprobs", "top_logprobs", "tools", "tool_choice", "functions", "function_call")
"""Without these a judge that sends them has no verdict."""
_NEVER = ("model", "messages", BOUND, NEWER_BOUND)
_STATUSES = (400, 422)
_REFUSED = re.compile(
    r"unsupported|not (?:currently |yet )?(?:be )?(?:support|permit|allow|recogni[sz]|accept|enabled|available|compat)"
    r"|(?:does|do|can|is)(?: not|n't) (?:support|accept|allow|take)|unrecogni[sz]ed|unknown|unexpected"
    r"|extra (?:inputs|fields)|forbidden|deprecated|only the default|only supports?|no longer"
    r"|cannot be (?:used|set|specified)",
    re.IGNORECASE,
)
_CODES = ("unsupported_parameter", "unsupported_value", "unknown_parameter", "unrecognized_parameter")
_SYSTEM_ROLE = re.compile(
    r"\b(?:system|developer)\b.{0,40}\b(?:roles?|messages?|prompts?|instructions?)\b", re.IGNORECASE
)
_MEANS = {
    "temperature": "replies are sampled as the model sees fit: the same again only from the cache",
    "top_p": "replies are sampled as the model sees fit: the same again only from the cache",
    "seed": "a server that caches by itself may answer several samples alike",
    "stop": "replies are cut there on arrival",
    "response_format": "the prompt alone asks for JSON",
    SYSTEM: "they stand in front of the first message instead",
    NEWER_BOUND: "nor max_tokens: replies are as long as the model makes them",
}
_LOG = logging.getLogger(__name__)


class Refused(NamedTuple):
    """What an endpoint says it does not take."""

    parameter: str
    is_needed: bool
    """Whether the judge has no verdict without it."""


class Refusals:
    """What the models of one endpoint refuse."""

    def __init__(self, where: str) -> None:
        """Nothing is refused yet.

        Args:
            where: the endpoint, for the message.
        """
        self._where = where
        self._of_model: dict[str, set[str]] = {}

    def left_out(self, model: str) -> tuple[str, ...]:
        """What is not sent to a model though it may be asked for."""
        return tuple(sorted(self._of_model.get(model, set()) - {BOUND}))

    def fitted(self, model: str, body: Body) -> Body:
        """The body without what the model refuses."""
        refused = self._of_model.get(model)
        if not refused:
            return body
        fitted = {name: value for name, value in body.items() if name not in refused or name in _NEVER}
        if BOUND in refused and BOUND in fitted:
            fitted[NEWER_BOUND] = fitted.pop(BOUND)
        if NEWER_BOUND in refused:
            fitted.pop(NEWER_BOUND, None)
        if SYSTEM in refused:
            fitted["messages"] = _without_system(cast(list[dict[str, object]], body["messages"]))
        return fitted

    def learn(self, model: str, status: int, error: object, sent: Body) -> Refused | None:
        """Note what an error refuses of a body; None if it refuses nothing that can be left out.

        Args:
            status: of the HTTP reply.
            error: its body, read; None if it is no JSON.
            sent: the body that was refused.
        """
        name = _refused_parameter(error, sent) if status in _STATUSES else None
        if name is None:
            return None
        if name in NEEDED:
            return Refused(name, is_needed=True)
        known = self._of_model.setdefault(model, set())
        if name not in known:
            known.add(name)
            if name != BOUND:
                means = f"; {_MEANS[name]}" if name in _MEANS else ""
                _LOG.warning(
                    "%s at %s refuses %s, which it is asked without from here on%s", model, self._where, name, means
                )
        return Refused(name, is_needed=False)


def cut_at(text: str, stops: tuple[str, ...]) -> str:
    """The text up to the first of the strings that were to end it."""
    places = [text.find(stop) for stop in stops if stop in text]
    return text[: min(places)] if places else text


def _refused_parameter(error: object, sent: Body) -> str | None:
    inner = error.get("error", error) if isinstance(error, Mapping) else error
    said = " ".join(str(inner).split())[:2000]
    code = str(inner.get("code") or "") if isinstance(inner, Mapping) else ""
    parameter = str(inner.get("param") or "") if isinstance(inner, Mapping) else ""
    if BOUND in sent and NEWER_BOUND in said:
        return BOUND
    if code not in _CODES and not _REFUSED.search(said):
        return None
    names = sorted((name for name in sent if name not in _NEVER), key=len, reverse=True)
    names += [name for name in (NEWER_BOUND, BOUND) if name in sent]
    if parameter in names:
        return parameter
    if _has_system(sent) and _SYSTEM_ROLE.search(said):
        return SYSTEM
    return next((name for name in names if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", said)), None)


def _has_system(body: Body) -> bool:
    return any(message.get("role") == "system" for message in cast(list[dict[str, object]], body["messages"]))


def _without_system(messages: list[dict[str, object]]) -> list[dict[str, object]]:
    """The messages, with what the system says in front of the message that follows it."""
    fitted: list[dict[str, object]] = []
    held = ""
    for message in messages:
        if message["role"] == "system":
            held += f"{message['content']}\n\n"
        elif held and message["role"] == "user":
            fitted.append({**message, "content": f"{held}{message['content']}"})
            held = ""
        else:
            fitted.append(message)
    return [*fitted, {"role": "user", "content": held.strip()}] if held else fitted
