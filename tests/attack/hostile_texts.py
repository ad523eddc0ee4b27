"""Fifty texts that mean to do something where they are shown, of the kinds that were seen to; and what to look for."""

import csv
import io
import re
from html.parser import HTMLParser

HOSTILE = (
    "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1b[2J\x1b[H", "\x1b]8;;http://a.example/\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;ZXZpbA==\x07", "\x1bP+q\x1b\\", "\x9b31mC1", "\x9d0;title\x9c", "\x07\x07", "name\x08\x08\x08\x08other",
    "model\x7fdeleted", "nul\x00byte", "over\rwritten", "two\nfarm: all is well", "two\r\nlines", "tab\tname",
    "\u202egnp.exe\u202c", "\u2066isolated\u2069", "\u200fright", "zero\u200bwidth", "join\u200der", "\ufeffmark",
    "soft\u00adhyphen", "line\u2028line", "part\u2029part", "half \ud83d", "tags\U000e0041", "private\ue000",
    "=1+1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "=HYPERLINK(\"http://a.example\")", "\uff1d1+1",
    "a|b", "[x](http://a.example/)", "![x](http://a.example/x.png)", "<http://a.example/>", "http://a.example/bare",
    "www.a.example", "[ref]: http://a.example/", "# heading", "`code` *bold* _it_", "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>", "$\\frac{1}{2}$ and $", "_hidden", "{{ 7 * 7 }} ${x} %s {0}",
)  # fmt: skip
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ue000-\uf8ff"
    "\U000e0000-\U000e0fff]"
)
_RUNS = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")


def effects(text: str) -> list[str]:
    """What a terminal, an editor or a browser would obey in printed text or in a file of any kind."""
    lines = [line for line in text.split("\n") if line.startswith("farm: all is well")]
    return [*(ascii(character) for character in _FORBIDDEN.findall(text)), *lines]


def effects_in_csv(text: str) -> list[str]:
    """The same, and cells that a spreadsheet would run."""
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    return [*effects(text), *(cell for cell in cells if _RUNS.match(cell) and not _is_number(cell))]


def effects_in_markdown(text: str) -> list[str]:
    """The same for Markdown: links, pictures and tags that come of foreign text; farm's own pictures lie beside."""
    plain = re.sub(r"\\.", "", text)
    links = [target for target in re.findall(r"\]\(([^)]*)\)", plain) if "/" in target or ":" in target]
    return [
        *effects(text), *links, *re.findall(r"<[a-zA-Z!/]", plain), *re.findall(r"\w+://|\bwww\.", plain),
        *re.findall(r"^\s*\[[^\]]*\]:", plain, re.MULTILINE), *re.findall(r"^#+ heading", plain, re.MULTILINE),
    ]  # fmt: skip


def effects_in_html(text: str) -> list[str]:
    """The same for HTML: elements that farm's page does not have, and attributes that run or fetch something."""
    reader = _Tags()
    reader.feed(text)
    return [*effects(text), *reader.strange]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.strange: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        runs = [name for name, value in attrs if name.startswith("on") or (value or "").startswith("http")]
        if tag in ("script", "a", "iframe", "svg", "object", "form") or runs:
            self.strange.append(f"<{tag}> {runs}")
        if tag == "img" and not (dict(attrs).get("src") or "").startswith("data:image/png;base64,"):
            self.strange.append("<img>")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
