"""Figures as text: aligned Markdown tables, intervals, rates and differences."""

from collections.abc import Sequence

from farm.stats.bootstrap import Estimate
from farm.stats.ranking.win_rates import Difference, WinRate


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, n_text_columns: int = 1) -> str:
    """A Markdown table with padded cells: the first columns flush left, the others flush right."""
    widths = [max(3, *(len(row[i]) for row in [header, *rows])) for i in range(len(header))]
    is_text = [i < n_text_columns for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = [c.ljust(w) if t else c.rjust(w) for c, w, t in zip(cells, widths, is_text, strict=True)]
        return f"| {' | '.join(padded)} |"

    rule = "|".join(f":{'-' * (w + 1)}" if t else f"{'-' * (w + 1)}:" for w, t in zip(widths, is_text, strict=True))
    return "\n".join([line(header), f"|{rule}|", *(line(row) for row in rows)])


def interval(value: Estimate) -> str:
    """ "0.900 [0.700, 1.000]", or the reason why there is none."""
    if value.value is None:
        return f"- ({value.reason})"
    if value.low is None or value.high is None:
        return f"{value.value:.3f} ({value.reason})"
    return f"{value.value:.3f} [{value.low:.3f}, {value.high:.3f}]"


def rate_text(rate: WinRate) -> str:
    """Percent with standard error."""
    if rate.win_rate is None:
        return "-"
    error = "" if rate.standard_error is None else f" +- {100 * rate.standard_error:.1f}"
    return f"{100 * rate.win_rate:.1f}{error}"


def difference_text(gap: Difference, *, is_percent: bool) -> str:
    """Signed, with standard error."""
    if gap.difference is None:
        return "-"
    scale, digits = (100, 1) if is_percent else (1, 3)
    error = "" if gap.standard_error is None else f" +- {scale * gap.standard_error:.{digits}f}"
    return f"{scale * gap.difference:+.{digits}f}{error}"
