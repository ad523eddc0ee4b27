"""What judging took, or would take, in words: calls, tokens, money, beside what people would take."""

from farm.calls.dry_run import DryReport
from farm.calls.settings import HumanPrice
from farm.calls.spending.ledger import Account, LedgerReport, money, tokens
from farm.calls.spending.prices import price_override
from farm.reports.tables import columns


def cost_lines(report: LedgerReport | None, human: HumanPrice, n_comparisons: int) -> list[str]:
    """Calls, tokens and money of a run, beside what people would take; nothing if no model was asked."""
    if report is None:
        return []
    total = report.total
    counts = [f"{total.n_calls:,} calls", f"{total.n_cache_hits:,} from the cache"]
    if total.n_retries:
        counts.append(f"{total.n_retries:,} tries again")
    if total.n_failures:
        counts.append(f"{total.n_failures:,} without a reply")
    used = (
        f"; {tokens(total.n_prompt_tokens)} prompt tokens ({tokens(total.n_cached_prompt_tokens)} of them from the "
        f"provider's cache), {tokens(total.n_completion_tokens)} reply tokens"
    )
    lines = [", ".join(counts) + (used if total.n_calls else "")]
    saved = f" ({money(total.saved_usd)} saved by the cache)" if total.saved_usd else ""
    lines.append(f"{cost_words(total)}{saved}; {people(human, n_comparisons)}")
    return lines


def dry_run_lines(report: DryReport, human: HumanPrice, n_comparisons: int) -> list[str]:
    """What each judge would take, and all together."""
    if not report.accounts:
        return ["no model would be asked"]
    rows = [("judge", "model", "calls", "cached", "prompt tokens", "reply tokens", "USD")]
    rows += [
        (
            a.judge,
            a.model,
            f"{a.n_calls:,}",
            f"{a.n_cached:,}",
            tokens(a.n_prompt_tokens),
            f"<= {tokens(a.most_completion_tokens)}",
            "unknown" if a.most_usd is None else f"<= {money(a.most_usd)}",
        )
        for a in report.accounts
    ]
    lines = columns(rows, n_text_columns=2)
    lines.append(
        f"{report.n_calls:,} calls would be made, {report.n_cached:,} answered from the cache; about "
        f"{tokens(report.n_prompt_tokens)} prompt tokens, at most {tokens(report.most_completion_tokens)} reply tokens"
    )
    if all(account.most_usd is None for account in report.accounts):
        lines.append(f"their price is unknown; {people(human, n_comparisons)}")
    else:
        about = f"about {money(report.expected_usd)}, " if report.expected_usd < report.most_usd else ""
        lines.append(f"{about}at most {money(report.most_usd)}; {people(human, n_comparisons)}")
    if report.unpriced_models:
        names = ", ".join(report.unpriced_models)
        lines.append(f"no price is known of {names}: give one in USD per million tokens, e.g.")
        lines.append(f"  {price_override(report.unpriced_models[0])}")
    return lines


def people(human: HumanPrice, n_comparisons: int) -> str:
    """What human labels of so many comparisons cost in AlpacaFarm."""
    thousands = n_comparisons / 1000
    return f"people: {money(human.usd_per_1000 * thousands)} and {human.hours_per_1000 * thousands:,.1f} h"


def cost_words(total: Account) -> str:
    """Money, and how many calls have no known price."""
    if not total.n_unpriced:
        return money(total.cost_usd)
    known = f"{money(total.cost_usd)} and " if total.cost_usd else ""
    return f"{known}{total.n_unpriced:,} calls of unknown price"
