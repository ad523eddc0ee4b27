"""What judging the same items again would change: the noise that no other instruction and no other seed explains.

Repeats are labels of one item by one annotator (a pool draws its judge anew each time). Their variance within an item,
averaged over items, is the variance of one label; a win rate over I items with L labels each then varies between
repetitions of the whole judging by sqrt(variance / (L I)).
"""

from farm.stats.bootstrap import FloatArray


def repeat_variance(n_wins: FloatArray, n_ties: FloatArray, n_losses: FloatArray) -> float | None:
    """Variance of a win rate over repetitions of its judging, from the labels of its I items.

    The rate is the mean over items of each item's mean label, as on the leaderboard.

    Args:
        n_wins: (I,) labels of each item that the model won; NaN of an item that was not judged.
        n_ties: (I,)
        n_losses: (I,)

    Returns:
        None if no item has two labels: nothing then says what a repetition would change.
    """
    n_labels = n_wins + n_ties + n_losses
    is_judged = n_labels > 0
    wins, ties, n = n_wins[is_judged], n_ties[is_judged], n_labels[is_judged]
    is_repeated = n > 1
    if not is_repeated.any():
        return None
    squares = wins + 0.25 * ties - (wins + 0.5 * ties) ** 2 / n
    of_one_label = float((squares[is_repeated] / (n[is_repeated] - 1)).mean())
    return of_one_label * float((1 / n).sum()) / len(n) ** 2
