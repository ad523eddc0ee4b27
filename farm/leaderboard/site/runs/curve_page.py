"""The page of over-optimisation: proxy reward and true utility as a policy goes away from where it started."""

from collections.abc import Sequence
from itertools import groupby

from farm.leaderboard.site.inputs import Curve
from farm.leaderboard.site.plots import Plot, PlotPoint, plot
from farm.leaderboard.site.ranking.cells import Z
from farm.records import OptimizationPoint

KINDS = {"best_of_n": "Best of n", "ppo": "Training"}
X_TITLE = "KL to the supervised policy, nats per answer"


def curve_plots(curves: Sequence[Curve]) -> list[Plot]:
    """For each kind of optimisation and each method: the proxy, and the truth, over KL.

    Each seed has a line of its own; those of one source of labels look alike.
    """
    named = [(KINDS.get(p.curve, p.curve), curve, p) for curve in curves for p in curve.points]
    plots = []
    for (kind, method), members in groupby(sorted(named, key=_group), key=lambda each: (each[0], each[1].method)):
        of_kind = list(members)
        plots += [
            plot(
                [_point(curve, point, is_proxy=is_proxy) for _, curve, point in of_kind],
                title=f"{kind}, {method}: {y_title.lower()}",
                x_title=X_TITLE,
                y_title=y_title,
            )
            for is_proxy, y_title in ((True, "Proxy reward"), (False, "True utility"))
        ]
    return plots


def _group(member: tuple[str, Curve, OptimizationPoint]) -> tuple[str, str, str, int, float]:
    kind, curve, point = member
    return kind, curve.method, curve.labels, curve.seed, point.kl


def _point(curve: Curve, point: OptimizationPoint, *, is_proxy: bool) -> PlotPoint:
    value = point.proxy_reward if is_proxy else point.utility
    error = point.proxy_reward_standard_error if is_proxy else point.utility_standard_error
    strength = f"n = {point.n}" if point.n is not None else f"step {point.step}"
    return PlotPoint(
        name=f"{curve.labels}, seed {curve.seed}, {strength}", x=point.kl, y=value, y_low=value - Z * error,
        y_high=value + Z * error, series=curve.labels, strand=f"seed {curve.seed}",
    )  # fmt: skip
