"""What a server repeats of a key is cleared; nothing else of what it says is changed."""

import base64
import html
import json
import time
from urllib.parse import quote

import pytest

from farm.calls.http.echoes import NO_SECRETS, Clearing, without_secret
from farm.calls.request import TokenLogprob

KEYS = [
    "sk-planted-9f8e7d6c5b4a",
    r"k.(ey)*+[a-z]{2}|^$?9",
    "quo\"ted\\key/</>&'9876",
    "schl\u00fcssel-\u6f22\u5b57-\U0001f511-12345",
]
PLACEHOLDERS = ["", "a", "1", "null", "none", "token", "message", "EMPTY", "sk-", "no-key", "lm-studio", "content"]


def spellings(key: str) -> list[str]:
    content = key.encode()
    return [
        key,
        key.upper(),
        json.dumps(key)[1:-1],
        json.dumps(json.dumps(key))[3:-3],
        "".join(f"\\u{ord(c):04x}" for c in key if ord(c) < 0x10000) if key.isascii() else json.dumps(key)[1:-1],
        quote(key),
        quote(key, safe=""),
        quote(quote(key, safe=""), safe=""),
        "".join(f"%{byte:02x}" for byte in content),
        html.escape(key),
        "".join(f"&#{ord(c)};" for c in key),
        "".join(f"&#x{ord(c):X};" for c in key),
        content.hex(),
        content.hex().upper(),
    ]


@pytest.mark.parametrize("key", KEYS)
def test_every_spelling_is_cleared_and_the_words_around_it_stay(key: str) -> None:
    for spelling in spellings(key):
        assert without_secret(f"Output (a), {spelling} Output (b)", key) == "Output (a), k***y Output (b)", spelling


@pytest.mark.parametrize("key", KEYS)
def test_within_base64_no_reading_gives_the_key_back(key: str) -> None:
    for lead in ("", "Bearer ", "user:", "xy"):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(f"{lead}{key}".encode()).decode()
            cleared = without_secret(f"Basic {text}.", key)
            assert "k***y" in cleared and len(cleared.replace("k***y", "")) < len("Basic .") + len(lead) * 2 + 8


@pytest.mark.parametrize("key", PLACEHOLDERS)
def test_a_placeholder_changes_nothing(key: str) -> None:
    text = json.dumps({"message": {"content": "null token a 1 EMPTY none no-key sk- lm-studio"}})
    assert without_secret(text, key) == text


def test_a_key_in_many_tokens_is_cleared_with_them() -> None:
    tokens = ["The", " key", " sk", "-plan", "ted-9f8e7", "d6c5b4a", " is", " it"]
    places = [(TokenLogprob(token, -0.1), TokenLogprob("x", -3.0)) for token in tokens]
    clearing = Clearing(KEYS[0], ())
    cleared = clearing.of_logprobs(places)
    assert [place[0].token for place in cleared] == ["The", " key", *["k***y"] * 4, " is", " it"]
    assert [[t.logprob for t in place] for place in cleared] == [[-0.1, -3.0]] * 8
    assert clearing.of_logprobs([(TokenLogprob("a", -1.0), TokenLogprob(KEYS[0], -2.0))])[0][1].token == "k***y"
    assert NO_SECRETS.of_logprobs(places) == tuple(places)


def test_an_error_keeps_no_address_and_nothing_that_calls_itself_a_key() -> None:
    clearing = Clearing("no-key", ("tenant7",))
    text = "Bearer abc, api_key=def: http://u:p@proxy:3128/tenant7/v1?x=1 says tenant7"
    assert clearing.of_error(text) == "Bearer ***, api_key= *** http://proxy:3128/***/*** says ***"


def test_a_long_reply_is_cleared_in_no_time() -> None:
    text = "Output (a) \\ % & because " * 40_000
    start = time.perf_counter()
    assert without_secret(text, KEYS[0]) == text
    assert time.perf_counter() - start < 2
