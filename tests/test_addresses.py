"""Addresses are read by one strict rule, and shown without what may be a secret."""

import pytest

from farm.addresses import address_problem, origin_of, shown, with_shown_addresses
from farm.errors import UserError

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("address", "server"),
    [
        ("http://localhost:8000/v1", "http://localhost:8000"),
        ("HTTPS://GW.Example.:443/v1/", "https://gw.example"),
        ("http://[0:0::1]:8000/v1", "http://[::1]:8000"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("http://h:80/a/b", "http://h"),
    ],
)
def test_an_address_leads_to_one_server(address: str, server: str) -> None:
    assert str(origin_of(address)) == server and address_problem(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "", "h", "//h", "http:/h", "http://", "http:///v1", "http://h:0", "http://h:65536", "http://h:8x", "http://h h",
        "http://h\\@x", "http://h\t", "http://h\n", "http://h%2e", "http://b\u00fccher.example", "http://[::1", "http://[g]",
        "http://\uff41", "http://h/%2e", "http://h/a b", "file:///etc/passwd", "http://-h", "http://h/\u00e9",
    ],
)  # fmt: skip
def test_what_two_programs_may_read_in_two_ways_is_no_address(address: str) -> None:
    assert origin_of(address) is None and address_problem(address)


@pytest.mark.parametrize(
    "address",
    [
        f"http://{SECRET}@h/v1", f"http://u:{SECRET}@h/v1", f"u:{SECRET}@h/v1", f"ftp://u:{SECRET}@h/v1", f"{SECRET}@h",
        f"http://h/{SECRET}/v1", f"http://h/v1/{SECRET}", f"http://h/v1?key={SECRET}", f"http://h?{SECRET}",
        f"http://h/v1#{SECRET}", f"http://h/v1;{SECRET}", f"http://[::1]/{SECRET}", f"http://u:{SECRET}@[::1]:8/v1",
        f"http://u:{SECRET}@xn--bcher-kva.example/", f"http://b\u00fccher.example/{SECRET}", 
        f"http://u%3A{SECRET}%40h/",
        f"http://u:a@{SECRET}@h/v1", f"http://h:{SECRET}/v1", f"http://h\\{SECRET}", f"http://u:p/{SECRET}@h",
        f"postgres://u:{SECRET}@h/db", f"socks5h://u:{SECRET}@h:1", f"{SECRET}", f"{SECRET}://h",
        f" http://{SECRET}@h ",
        f"http://h/v1/../{SECRET}", f"http://h@x/@{SECRET}", f"http://h/v1\n{SECRET}", f"HTTP://U:{SECRET}@H",
    ],
)  # fmt: skip
def test_no_secret_is_shown_wherever_it_stands(address: str) -> None:
    assert SECRET not in shown(address)
    assert SECRET not in str(UserError(f"no answer: {shown(address)}"))
    assert SECRET not in str(address_problem(address))


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8000/v1", "https://gw.example/api/v1beta/openai/", "http://[::1]:8/v1"]
)
def test_what_is_no_secret_is_shown(address: str) -> None:
    assert shown(address) == address
    assert with_shown_addresses(f"see {address}, or ({address})") == f"see {address}, or ({address})"


def test_an_error_shows_no_secret_of_an_address_in_its_text() -> None:
    text = str(
        UserError(f"http://u:{SECRET}@h/v1: none; x=u:{SECRET}@h, https://h/{SECRET}?q={SECRET}; see 12:30, a@b.c")
    )
    assert SECRET not in text and "see 12:30, a@b.c" in text
