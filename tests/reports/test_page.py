from html.parser import HTMLParser
from pathlib import Path

import pytest

from farm.reports.page import Page, Picture, Section, Table, Text, html, markdown

EVIL = "<script>alert(1)</script> | *x* [y](javascript:z) \x1b[31m\n# heading `code` & {{ 7 * 7 }}"


class Tags(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


@pytest.fixture
def page(tmp_path: Path) -> Page:
    (tmp_path / "p.png").write_bytes(b"\x89PNG")
    blocks = (
        Text(text=EVIL),
        Table(header=("model", EVIL), rows=((EVIL, "1"),)),
        Picture(file="p.png", description=EVIL),
    )
    return Page(title=EVIL, sections=(Section(title=EVIL, blocks=blocks),))


def test_names_are_text_in_html(page: Page, tmp_path: Path) -> None:
    text = html(page, tmp_path)
    tags = Tags()
    tags.feed(text)
    names = {tag for tag, _ in tags.seen}
    assert "script" not in names and "a" not in names and "em" not in names
    assert not any(attribute.startswith("on") for _, attributes in tags.seen for attribute in attributes)
    assert "{{ 7 * 7 }}" in text and "\x1b" not in text


def test_the_page_needs_no_other_file(page: Page, tmp_path: Path) -> None:
    tags = Tags()
    tags.feed(html(page, tmp_path))
    sources = [attributes["src"] for _, attributes in tags.seen if "src" in attributes]
    assert sources == ["data:image/png;base64,iVBORw=="]
    assert not any("href" in attributes for _, attributes in tags.seen)


def test_names_are_text_in_markdown(page: Page) -> None:
    text = markdown(page)
    assert "<script>" not in text and "&lt;script>" in text
    assert "](javascript" not in text and "\x1b" not in text
    # One title, one heading: a line end in a name starts no line.
    assert [line[:2] for line in text.splitlines() if line.startswith("#")] == ["# ", "##"]
    (body,) = [line for line in text.splitlines() if line.startswith("|") and line.rstrip().endswith("1 |")]
    assert body.replace("\\|", "").count("|") == 3


def test_intervals_stay_readable() -> None:
    page = Page(title="t", sections=(Section(title="s", blocks=(Text(text="0.9 [0.7, 1.0] (n 5)"),)),))
    assert "0.9 [0.7, 1.0] (n 5)" in markdown(page)
