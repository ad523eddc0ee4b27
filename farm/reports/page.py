"""A report as sections of text, tables and pictures, written as Markdown and as one self-contained HTML page.

Names of models and annotators come from files: in both forms they are text and nothing else.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from farm.reports.text import table


@dataclass(frozen=True, kw_only=True)
class Text:
    """A paragraph."""

    text: str


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


Block = Text | Table | Picture


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


def markdown(page: Page, *, with_pictures: bool = True) -> str:
    """The page as Markdown; tables are padded, so that it reads as plain text too."""
    parts = [f"# {_plain(page.title)}"]
    for section in page.sections:
        parts.append(f"## {_plain(section.title)}")
        for block in section.blocks:
            if isinstance(block, Table):
                rows = [[_plain(cell) for cell in row] for row in block.rows]
                parts.append(table([_plain(c) for c in block.header], rows, n_text_columns=block.n_text_columns))
            elif isinstance(block, Picture):
                parts += [f"![{_plain(block.description)}]({block.file})"] if with_pictures else []
            else:
                parts.append(_plain(block.text))
    return "\n\n".join(parts) + "\n"


def html(page: Page, folder: Path) -> str:
    """The page as HTML with its pictures inside.

    Args:
        page: the report.
        folder: where the pictures are.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((Path(__file__).parent / "page.html").read_text("utf-8"))
    return template.render(title=_line(page.title), sections=[_section(s, folder) for s in page.sections])


def _section(section: Section, folder: Path) -> dict[str, object]:
    return {"title": _line(section.title), "blocks": [_block(block, folder) for block in section.blocks]}


def _block(block: Block, folder: Path) -> dict[str, object]:
    if isinstance(block, Table):
        return {
            "kind": "table",
            "header": [_line(cell) for cell in block.header],
            "rows": [[_line(cell) for cell in row] for row in block.rows],
            "n_text_columns": block.n_text_columns,
        }
    if isinstance(block, Picture):
        content = base64.b64encode((folder / block.file).read_bytes()).decode("ascii")
        return {"kind": "picture", "content": content, "description": _line(block.description)}
    return {"kind": "text", "text": _line(block.text)}


def _line(text: str) -> str:
    """One line without control characters, which would reach a terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _plain(text: str) -> str:
    """Text that Markdown and the HTML in it leave alone."""
    escaped = _line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Brackets alone are text (every interval has them); followed by a parenthesis they would be a link.
    for character in ("\\", "|", "*", "`", "]("):
        escaped = escaped.replace(character, f"{character[:-1]}\\{character[-1]}")
    return escaped


def percent(value: float | None, error: float | None = None) -> str:
    """ "71.1 +- 2.1", or a dash."""
    if value is None:
        return "-"
    return f"{100 * value:.1f}" + ("" if error is None else f" +- {100 * error:.1f}")


def listed(names: Sequence[str], most: int = 8) -> str:
    """Names in a sentence, cut off after `most`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
