"""Which server a request may go to. A file never chooses where a key, or a prompt, goes.

The key in `NAME_API_KEY` was given for the server in `NAME_BASE_URL`, if the environment has one, and else for the
vendor's own. Any other server needs a word on the command line, `allow_host=HOST`, and so does a key that would go
over the network without encryption. Without a key, this machine may be asked too, and the server in OPENAI_BASE_URL.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from farm.addresses import Origin, origin_of, shown
from farm.calls.http.echoes import is_secret
from farm.calls.request import KEY_ENDING, ModelSlot
from farm.config.conf_dirs import user_conf_dir
from farm.errors import UserError

OPENAI_URL = "https://api.openai.com/v1"
_VENDORS = {
    "OPENAI_API_KEY": OPENAI_URL,
    "GEMINI_API_KEY": "https://generativelanguage.googleapis.com/v1beta/openai",
    "MISTRAL_API_KEY": "https://api.mistral.ai/v1",
}


def check_host(slot: ModelSlot, base_url: str, allowed: Sequence[str]) -> None:
    """Refuse a server that neither the environment nor the command line names.

    Args:
        slot: who is to be asked.
        base_url: where; an address that `origin_of` reads.
        allowed: the words of `allow_host`.

    Raises:
        UserError: with the file that chose the server, the server, the variable of the key, and the word to say.
    """
    origin, home = origin_of(base_url), home_of(slot.api_key_variable)
    assert origin is not None
    if origin in allowed_origins(allowed):
        return
    key = os.environ.get(slot.api_key_variable, "").strip()
    word = f"\"allow_host='{origin}'\"" if ":" in origin.host else f"allow_host={origin}"
    how = f"if that is meant, add {word} to the command line"
    if origin == home:
        if origin.scheme == "https" or origin.is_this_machine or not is_secret(key):
            return
        raise UserError(
            f"the key in {slot.api_key_variable} would go to {origin} without encryption, for everybody on the way to "
            f"read; use https, or {how}"
        )
    if not key and (origin.is_this_machine or origin == home_of("OPENAI_API_KEY")):
        return
    who = _chosen_by(slot, origin)
    if key:
        given = f"was given for {home}" if home else "was given for no server"
        raise UserError(
            f"{who} would have {slot.model} asked at {shown(base_url)}, but the key in {slot.api_key_variable} "
            f"{given}; nothing was sent; {how}"
        )
    raise UserError(
        f"{who} would have {slot.model} asked at {shown(base_url)}, where the prompts would go too (no key is in "
        f"{slot.api_key_variable}); nothing was sent; {how}"
    )


def home_of(key_variable: str) -> Origin | None:
    """The server that the key in a variable was given for; None if nothing says."""
    own = os.environ.get(key_variable.removesuffix(KEY_ENDING) + "_BASE_URL", "").strip()
    return origin_of(own or _VENDORS.get(key_variable, ""))


def allowed_origins(words: Iterable[str]) -> set[Origin]:
    """The servers that words such as `gw.example`, `gw.example:8443` and `http://10.0.0.5:8000` allow.

    Without a scheme https is meant; on this machine http too.

    Raises:
        UserError: a word is no server.
    """
    origins = set()
    for word in words:
        candidates = [word] if "://" in word else [f"https://{word}", f"http://{word}"]
        read = [origin_of(candidate) for candidate in candidates]
        first = read[0]
        if first is None or word.rstrip("/").count("/") != (2 if "://" in word else 0):
            raise UserError(
                "allow_host: expected servers such as gw.example, gw.example:8443 or http://10.0.0.5:8000, "
                f"without a path, got {shown(candidates[0])!r}"
            )
        origins |= {origin for origin in read if origin and (origin == first or origin.is_this_machine)}
    return origins


def _chosen_by(slot: ModelSlot, origin: Origin) -> str:
    """The file that names the server, as far as it can be told."""
    if slot.address_from:
        return slot.address_from
    folder = user_conf_dir()
    files = sorted(folder.rglob("*.yaml")) if folder.is_dir() else []
    named = [str(path) for path in files if origin.host in _text(path)]
    return " or ".join(named) or "base_url in the settings"


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace").lower()
