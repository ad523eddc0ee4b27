"""What a report says of annotators who do not look at what they label."""

from farm.stats.outliers import MIN_SHARED, Flag, Screening

_MEANING = {
    "random": "votes at random: agrees with others no better than chance",
    "contrary": "votes against the others: agrees less than by chance (are its outputs swapped?)",
    "first": "nearly always the output shown first",
    "second": "nearly always the output shown second",
    "tie": "nearly always a tie",
    "longer": "nearly always the longer output",
    "shorter": "nearly always the shorter output",
    "drift": "agreement with others changed from the first half to the second",
    "one label": "all labels are the same, and nobody else labelled these items to compare with",
}
_ON_THE_SAME = {"drift": "first half", "random": "among the others", "contrary": "among the others"}
MAX_NAMES = 10


def outlier_report(screening: Screening) -> str:
    """The flags as a Markdown table, and what could not be looked at."""
    rate = f"{100 * screening.alpha:g}%"
    if screening.flags:
        blocks = [
            f"{_counted(len({flag.annotator for flag in screening.flags}), 'annotator')} of {screening.n_annotators} "
            f"flagged. If all were alike, the chance of any flag at all would be at most {rate} "
            f"({screening.n_tests} tests, Holm's correction). Shares are of the annotator's labels, or of agreement.",
            _table(screening),
        ]
    else:
        blocks = [
            f"Nobody of {_counted(screening.n_annotators, 'annotator')} is flagged as voting at random, always for the "
            f"same side, always for the longer or shorter output, or as drifting ({screening.n_tests} tests; if all "
            f"are alike the chance of any flag is at most {rate})."
        ]
    if screening.untested:
        blocks.append(
            "Not tested, for nobody else labelled the same items, or others of the same models: "
            f"{_listed(screening.untested)}."
        )
    barely = tuple(name for name in screening.barely_shared if name not in screening.untested)
    if barely:
        blocks.append(
            f"With fewer than {MIN_SHARED} labels on items that others labelled too, voting at random would hardly be "
            f"noticed: {_listed(barely)}."
        )
    return "\n\n".join(blocks)


def _table(screening: Screening) -> str:
    lines = ["| annotator | suspicion | share | others | labels | p |", "|:---|:---|---:|---:|---:|---:|"]
    return "\n".join([*lines, *(_line(flag) for flag in screening.flags)])


def _line(flag: Flag) -> str:
    others = "-" if flag.expected is None else f"{flag.expected:.3f}"
    if flag.expected is not None and flag.kind in _ON_THE_SAME:
        others += f" ({_ON_THE_SAME[flag.kind]})"
    p_value = "not tested" if flag.p_value is None else "< 0.0001" if flag.p_value < 1e-4 else f"{flag.p_value:.4f}"
    cells = [_escaped(flag.annotator), _MEANING[flag.kind], f"{flag.share:.3f}", others, str(flag.n_labels), p_value]
    return f"| {' | '.join(cells)} |"


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(_escaped(name) for name in names[:MAX_NAMES])
    return shown if len(names) <= MAX_NAMES else f"{shown} and {len(names) - MAX_NAMES} more"


def _escaped(text: str) -> str:
    """Names come from files: no Markdown, no HTML, no line end."""
    signs = {ord(c): f"&#{ord(c)};" if c in "<>&|" else f"\\{c}" for c in "\\|*_`[]<>#&"}
    return " ".join(text.translate(signs).split())


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
