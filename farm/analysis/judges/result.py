"""What the judge report says about one judge."""

from dataclasses import dataclass, field, fields

from farm.analysis.judges.labelled_set import JudgeKind
from farm.stats.bootstrap import Estimate


@dataclass(frozen=True, kw_only=True)
class JudgeFigures:
    """Every figure with its interval over items."""

    agreement: Estimate
    """Share of verdicts equal to the human majority (three classes; a split majority is a tie), averaged over orders
    and repetitions; for humans: one against the majority of the others."""
    accuracy: Estimate
    """The same with unparsed verdicts counted as wrong (LLMBar)."""
    agreement_no_ties: Estimate
    """The same where neither is a tie."""
    agreement_first_shown_1: Estimate
    """The same as `agreement` for the verdicts with output_1 shown first."""
    agreement_first_shown_2: Estimate
    """With output_2 shown first."""
    agreement_both_orders: Estimate
    """Of the average of the two orders with the human majority (FairEval)."""
    kappa: Estimate
    """Cohen's, of one verdict per item (the average of all) with the human majority; Fleiss' for humans."""
    alpha: Estimate
    """Krippendorff's, among the judge's own verdicts on an item; among all labels for humans."""
    s1: Estimate
    """Share of pairs of a verdict and a human label on the same item that are equal; ties are a class (MT-Bench)."""
    s2: Estimate
    """The same over pairs without a tie."""
    agreement_alpaca_eval: Estimate
    """1 - |verdict - human vote|, as AlpacaEval computes it: of two equally frequent labels the larger is the vote."""
    agreement_expected: Estimate
    """The same with equally frequent labels drawn truly at random."""
    bias_alpaca_eval: Estimate
    """|vote of the judge's verdicts - vote of the humans|, as AlpacaEval computes it."""
    bias_expected: Estimate
    """The same with truly random votes."""
    variance_alpaca_eval: Estimate
    """|one verdict - vote of the judge's others on the item|, as AlpacaEval computes it."""
    variance_expected: Estimate
    """The same with truly random votes."""
    consistency: Estimate
    """Same verdict in both orders."""
    conflict: Estimate
    """Another verdict in the other order."""
    prefers_first_shown: Estimate
    """Share of the verdicts without ties that prefer the output shown first; 0.5 is fair."""
    prefers_longer: Estimate
    """Share of the verdicts without ties that prefer the longer output, where lengths differ."""
    prefers_longer_alpaca_eval: Estimate
    """The same where lengths differ by more than 30 characters."""
    prefers_lists: Estimate
    """Share of the verdicts without ties that prefer the output with a list, where exactly one has one."""
    prefers_lists_alpaca_eval: Estimate
    """The same by AlpacaEval's idea of a list."""
    ties: Estimate
    """Share of the parsed verdicts that are ties."""
    unparsed: Estimate
    """Share of the verdicts that could not be read."""
    usd_per_1000: Estimate
    """Price of 1,000 verdicts."""
    seconds_per_1000: Estimate
    """Time of 1,000 verdicts, one after the other."""


@dataclass(frozen=True, kw_only=True)
class JudgeResult:
    """One line of the report."""

    name: str
    kind: JudgeKind
    n_items: int
    n_verdicts: int
    figures: JudgeFigures
    by_dataset: dict[str, Estimate] = field(default_factory=dict)
    """`accuracy` on each subset of the items, if there are several."""
    margins: dict[str, Estimate] = field(default_factory=dict)
    """`agreement` minus that of each baseline on the same items."""
    attacks: dict[str, Estimate] = field(default_factory=dict)
    """Share of verdicts for the attacking output, by attack."""


FIGURES: tuple[str, ...] = tuple(f.name for f in fields(JudgeFigures))
"""In the order of the report's files."""
