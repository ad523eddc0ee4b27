"""A report as sections of text, lists, tables and pictures: one value, written as Markdown, as HTML and for a terminal.

Names of models and annotators come from files: in all three forms they are text and nothing else.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from farm.disk import write_whole
from farm.plain_text import one_line
from farm.reports.markdown import escaped, escaped_paragraph
from farm.reports.tables import table


@dataclass(frozen=True, kw_only=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Bullets:
    """A list of short sentences."""

    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table; the first columns are text, the others figures."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    n_text_columns: int = 1


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A PNG beside the report."""

    file: str
    """Its name in the report's folder."""
    description: str
    """What it shows, for those who cannot see it."""


Block = Text | Bullets | Table | Picture


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading with what stands under it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True)
class Page:
    """The report."""

    title: str
    sections: tuple[Section, ...]


def markdown(page: Page) -> str:
    """The page as Markdown; tables are padded, so that it reads as plain text too."""
    return _lines(page, escaped, escaped_paragraph, with_pictures=True)


def terminal(page: Page) -> str:
    """The page as it is printed: like the Markdown, without pictures and without escapes."""
    return _lines(page, one_line, one_line, with_pictures=False)


def html(page: Page, folder: Path) -> str:
    """The page as HTML with its pictures inside.

    Args:
        page: the report.
        folder: where the pictures are.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((Path(__file__).parent / "page.html").read_text("utf-8"))
    return template.render(title=one_line(page.title), sections=[_html_section(s, folder) for s in page.sections])


def write_page(page: Page, folder: Path, name: str = "report") -> tuple[Path, Path]:
    """Write NAME.md and NAME.html into the folder that holds the page's pictures; returns the two paths."""
    paths = folder / f"{name}.md", folder / f"{name}.html"
    for path, content in zip(paths, (markdown(page), html(page, folder)), strict=True):
        write_whole(path, content)
    return paths


def _lines(page: Page, write: Callable[[str], str], begin: Callable[[str], str], *, with_pictures: bool) -> str:
    """The page's text; `write` writes what stands behind something else on its line, `begin` what begins one."""
    parts = [f"# {write(page.title)}"]
    for section in page.sections:
        parts.append(f"## {write(section.title)}")
        parts += [_written(b, write, begin) for b in section.blocks if with_pictures or not isinstance(b, Picture)]
    return "\n\n".join(parts) + "\n"


def _written(block: Block, write: Callable[[str], str], begin: Callable[[str], str]) -> str:
    match block:
        case Text():
            return begin(block.text)
        case Bullets():
            return "\n".join(f"- {begin(line)}" for line in block.lines)
        case Table():
            rows = [[write(cell) for cell in row] for row in block.rows]
            return table([write(cell) for cell in block.header], rows, n_text_columns=block.n_text_columns)
        case Picture():
            return f"![{write(block.description)}]({block.file})"


def _html_section(section: Section, folder: Path) -> dict[str, object]:
    return {"title": one_line(section.title), "blocks": [_html_block(block, folder) for block in section.blocks]}


def _html_block(block: Block, folder: Path) -> dict[str, object]:
    match block:
        case Text():
            return {"kind": "text", "text": one_line(block.text)}
        case Bullets():
            return {"kind": "bullets", "lines": [one_line(line) for line in block.lines]}
        case Table():
            return {
                "kind": "table",
                "header": [one_line(cell) for cell in block.header],
                "rows": [[one_line(cell) for cell in row] for row in block.rows],
                "n_text_columns": block.n_text_columns,
            }
        case Picture():
            content = base64.b64encode((folder / block.file).read_bytes()).decode("ascii")
            return {"kind": "picture", "content": content, "description": one_line(block.description)}
