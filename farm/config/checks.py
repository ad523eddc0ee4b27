"""What the numbers of a settings dataclass may be; each checks its own in `__post_init__`."""

import re
from collections.abc import Mapping


class FieldError(ValueError):
    """Fields with values that they cannot have, and why."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        self.reasons = dict(reasons)
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in reasons.items()))


_NAME = re.compile(r"[^/\\:*?\"<>|]*")
_TAKEN = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")
"""Names that Windows has for its devices."""
MAX_NAME_BYTES = 100
"""Files beside the folder add to it, and file systems end at 255."""


def check_name(key: str, name: str) -> None:
    """Check a name that becomes one file or folder, here and on other systems.

    Raises:
        FieldError: it is empty, a path, too long, the name of a device, or not all to be seen.
    """
    n_bytes = len(name.encode("utf-8", "surrogatepass"))
    reason = ""
    if not name.strip(" .") or name != name.strip() or name.endswith("."):
        reason = "it is empty, or begins or ends with a space or ends with a dot"
    elif not name.isprintable():
        reason = "it has characters that cannot be seen"
    elif not _NAME.fullmatch(name):
        reason = 'it has one of / \\ : * ? " < > |'
    elif n_bytes > MAX_NAME_BYTES:
        reason = f"it has {n_bytes:,} bytes; {MAX_NAME_BYTES} are the most"
    elif _TAKEN.fullmatch(name):
        reason = "some systems have a device of that name"
    if reason:
        raise FieldError({key: f"expected the name of one folder or file, got {_short(name)}: {reason}"})


def _short(name: str) -> str:
    return ascii(name) if len(name) <= 60 else f"{name[:60]!a}..."


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
