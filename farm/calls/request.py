"""What judges ask of language models: a request, its reply, and whoever answers requests.

A judge renders requests and reads replies; how a request is answered (from the cache, by an HTTP endpoint, by a local
model, or not at all because the budget is spent) is the business of the `Calls` that it is handed.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, NamedTuple, Protocol

from farm.addresses import address_problem
from farm.config.checks import FieldError, check_fields
from farm.conversation import Message
from farm.errors import UserError

NOT_ASKED = "not asked: "
"""How the failure of a reply begins that was never asked for (budget, dry run): a later run asks."""
KEY_ENDING = "_API_KEY"
"""How the variables end that keys are taken from: a settings file must not have another secret sent."""
_KEY_VARIABLE = re.compile(rf"[A-Za-z][A-Za-z0-9_]*{KEY_ENDING}")


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """How the model's reply is decoded."""

    key_name: ClassVar[str] = "Decoding"

    temperature: float
    """0 is greedy."""
    max_tokens: int
    """Bound on the tokens of the reply."""
    top_p: float = 1.0
    """Nucleus sampling; 1 for none."""
    top_logprobs: int = 0
    """How many most probable tokens to return with their log-probabilities at each place; 0 for none."""
    stop: tuple[str, ...] = ()
    """Strings that end the reply."""
    json_object: bool = False
    """Ask the endpoint for a JSON object."""
    extra_body: str = ""
    """Further fields of the endpoint's request as a JSON object, such as tools and tool_choice; empty for none. Where
    the reply is a tool call, the text of the reply is the call's arguments."""

    def __post_init__(self) -> None:
        check_fields(self, at_least={"temperature": 0, "max_tokens": 1})


@dataclass(frozen=True, kw_only=True)
class ModelSlot:
    """A model that judges ask: an OpenAI-compatible endpoint or a local causal LM."""

    key_name: ClassVar[str] = "ModelSlot"

    model: str
    """Name at the endpoint, or the directory of a local checkpoint."""
    kind: Literal["endpoint", "local"]
    """endpoint: HTTP; local: a causal LM loaded here through transformers."""
    base_url: str | None
    """Of the endpoint; None means OPENAI_BASE_URL, and without it OpenAI's own."""
    api_key_variable: str
    """Name of the environment variable that holds the key, which ends in _API_KEY; the key itself is in no file."""
    address_from: str = field(default="", compare=False, metadata={"in_key": False})
    """The file that base_url stands in, if it is no settings file; for messages."""

    def __post_init__(self) -> None:
        if self.kind == "local":
            return
        reasons = {}
        if self.base_url and (problem := address_problem(self.base_url.strip())):
            reasons["base_url"] = f"{problem}; a key belongs in the environment variable that api_key_variable names"
        if not _KEY_VARIABLE.fullmatch(self.api_key_variable):
            # Whatever is no variable's name may be a key that was put here by mistake.
            name = f" {self.api_key_variable}" if self.api_key_variable in os.environ else ""
            reasons["api_key_variable"] = (
                f"keys are taken only from variables named ..._API_KEY, not from{name or ' this'}"
            )
        if reasons:
            raise FieldError(reasons)


@dataclass(frozen=True, kw_only=True)
class Request:
    """Everything that determines a reply; the cache is keyed by all of it except `judge`."""

    slot: ModelSlot
    messages: tuple[Message, ...]
    decoding: Decoding
    labels: tuple[str, ...] = ()
    """Score only these continuations in one forward pass instead of generating (local models)."""
    sample: int = 0
    """Index among several samples of the same request."""
    judge: str = field(default="", compare=False)
    """Who asks, for the ledger; the reply does not depend on it, and neither does the cache."""
    wants: Literal["verdict", "text"] = field(default="verdict", compare=False)
    """text: what comes back goes into later requests, so a dry run makes something up; for nothing else."""


class TokenLogprob(NamedTuple):
    """One token that the model might have said at a place of its reply."""

    token: str
    logprob: float


class Reply(NamedTuple):
    """What came back."""

    text: str
    failure: str = ""
    """Why there is no usable text (refusal, empty choice, gave up after n tries, budget spent); empty if there is."""
    top_logprobs: tuple[tuple[TokenLogprob, ...], ...] = ()
    """For each token of the reply the most probable alternatives, best first."""
    is_cut: bool = False
    """Whether it ended because it reached max_tokens: what it would have come to is not known."""
    left_out: tuple[str, ...] = ()
    """Parameters that were asked for and not sent, because the model refuses them."""
    label_logprobs: tuple[float, ...] = ()
    """Log-probabilities of `Request.labels`, where it asked for them."""
    n_prompt_tokens: int = 0
    n_cached_prompt_tokens: int = 0
    """Of n_prompt_tokens, those that the provider's prefix cache held."""
    n_completion_tokens: int = 0
    cost_usd: float | None = None
    """What the reply cost when it was made; None if no price is known."""
    latency_seconds: float = 0.0
    """Of the call that made it."""
    is_from_cache: bool = False
    is_budget_stop: bool = False
    """It was not asked because the budget is spent; the same request in a later run is."""


class Calls(Protocol):
    """Answers requests."""

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        """One reply per request, in order. Blocks until all are there; may be called from several threads at once.

        A request that cannot be answered gets a reply with `failure`; nothing raises for one bad reply.
        """


class NoCalls:
    """For annotators that ask no model: the pocket world, recorded verdicts, baselines."""

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        """Refuse.

        Raises:
            UserError: always, unless there is nothing to ask.
        """
        if requests:
            raise UserError(f"{requests[0].slot.model} is to be asked, but this command makes no calls to models")
        return []


NO_CALLS = NoCalls()
