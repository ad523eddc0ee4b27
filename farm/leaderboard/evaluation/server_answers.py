"""A track's instructions answered by the model of a server, through the cache, budget and keys of `farm.calls`."""

from typing import NamedTuple

from farm.calls.request import Calls, Decoding, ModelSlot, Request
from farm.conversation import conversation_of
from farm.errors import UserError
from farm.leaderboard.evaluation.answers_of_track import Answered, answered
from farm.leaderboard.tracks.items import TrackItems
from farm.records import Output
from farm.wording import listed

ANSWERER = "answers"
"""Who asks, in the ledger of calls."""
_MAX_REASONS = 3


class ServerAnswers(NamedTuple):
    """What came back."""

    answered: Answered
    cost_usd: float | None
    """None if no price is known."""


def requests_of(items: TrackItems, slot: ModelSlot, decoding: Decoding) -> list[Request]:
    """One request an instruction: the conversation as it is, with no system message of farm's."""
    return [
        Request(
            slot=slot,
            messages=tuple(conversation_of(reference).messages),
            decoding=decoding,
            judge=ANSWERER,
            wants="text",
        )
        for reference in items.references
    ]


def ask_server(items: TrackItems, slot: ModelSlot, decoding: Decoding, calls: Calls) -> ServerAnswers:
    """The model's answer to each instruction.

    Raises:
        UserError: an instruction got none; what was answered is in the cache.
    """
    replies = calls.ask(requests_of(items, slot, decoding))
    failures = [reply.failure for reply in replies if reply.failure]
    if failures:
        reasons = listed(sorted(set(failures)), _MAX_REASONS)
        raise UserError(
            f"{slot.model} gave no answer to {len(failures):,} of {len(replies):,} instructions ({reasons}); nothing "
            "was judged. What was answered is kept in the cache: the same command again asks for the others only"
        )
    outputs = [
        Output(
            instruction=reference.instruction,
            input=reference.input,
            history=reference.history,
            output=reply.text,
            generator=slot.model,
            dataset=reference.dataset,
            is_finished=not reply.is_cut,
        )
        for reference, reply in zip(items.references, replies, strict=True)
    ]
    costs = [reply.cost_usd for reply in replies]
    known = [cost for cost in costs if cost is not None]
    return ServerAnswers(
        answered(outputs, range(len(outputs)), items), sum(known) if len(known) == len(costs) else None
    )
