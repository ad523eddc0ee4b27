"""How pages are made of templates: everything that is not a template's own text is shown as text and does nothing.

Two doors, and every value passes both: Jinja's escaping, and `finalize`, which shows control and format characters
(`farm.plain_text`), so that no name turns a page's direction round. A name that is missing ends the making of the page.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from farm.leaderboard.site.plots import N_STYLES
from farm.plain_text import one_line

FOLDER = Path(__file__).parent
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
"""Content-Security-Policy of every page: scripts and styles from files beside it, none inline, and no connection."""


def page_templates() -> Environment:
    """The templates of all pages."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.globals["policy"] = POLICY
    environment.globals["n_styles"] = N_STYLES
    return environment


def _shown(value: object) -> object:
    if value is None:
        raise ValueError("a template shows a value that is None")
    return one_line(value) if isinstance(value, str) and not isinstance(value, Markup) else value
