"""Tables as aligned text: in Markdown, and in columns for a terminal."""

from collections.abc import Sequence

from farm.plain_text import cell


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, n_text_columns: int = 1) -> str:
    """A Markdown table with padded cells: the first columns flush left, the others flush right."""
    widths = [max(3, *(len(row[i]) for row in [header, *rows])) for i in range(len(header))]
    is_text = [i < n_text_columns for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = [c.ljust(w) if t else c.rjust(w) for c, w, t in zip(cells, widths, is_text, strict=True)]
        return f"| {' | '.join(padded)} |"

    rule = "|".join(f":{'-' * (w + 1)}" if t else f"{'-' * (w + 1)}:" for w, t in zip(widths, is_text, strict=True))
    return "\n".join([line(header), f"|{rule}|", *(line(row) for row in rows)])


def columns(rows: Sequence[Sequence[str]], *, n_text_columns: int = 1) -> list[str]:
    """One line a row, columns two spaces apart: the first ones flush left, the others flush right."""
    rows = [[cell(text) for text in row] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(row[i].ljust(w) if i < n_text_columns else row[i].rjust(w) for i, w in enumerate(widths))
        for row in rows
    ]
