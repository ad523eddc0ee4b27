"""What the numbers of a settings dataclass may be; each checks its own in `__post_init__`."""

from collections.abc import Mapping


class FieldError(ValueError):
    """Fields with values that they cannot have, and why."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        self.reasons = dict(reasons)
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in reasons.items()))


def check_fields(
    settings: object,
    *,
    at_least: Mapping[str, float] | None = None,
    above: Mapping[str, float] | None = None,
    at_most: Mapping[str, float] | None = None,
) -> None:
    """Check the numbers of a dataclass; None is always allowed.

    Args:
        settings: an instance of a dataclass.
        at_least: smallest allowed value, by field.
        above: largest value that is too small, by field.
        at_most: largest allowed value, by field.

    Raises:
        FieldError: with every field that is out of range.
    """
    values = vars(settings)
    reasons: dict[str, str] = {}
    for name, bound in (at_least or {}).items():
        if values[name] is not None and not values[name] >= bound:
            reasons[name] = f"expected at least {bound:g}, got {values[name]}"
    for name, bound in (above or {}).items():
        if values[name] is not None and not values[name] > bound:
            reasons[name] = f"expected more than {bound:g}, got {values[name]}"
    for name, bound in (at_most or {}).items():
        if name not in reasons and values[name] is not None and not values[name] <= bound:
            reasons[name] = f"expected at most {bound:g}, got {values[name]}"
    if reasons:
        raise FieldError(reasons)
