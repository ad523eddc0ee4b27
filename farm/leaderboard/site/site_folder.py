"""Pages written from templates into the site's folder, each with links that hold wherever the folder lies."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment


@dataclass(frozen=True, kw_only=True)
class Link:
    """An entry of the navigation."""

    file: str
    """Relative to the site's folder."""
    text: str


@dataclass(frozen=True, kw_only=True)
class SiteFolder:
    """A site that is being made; its folder takes its place as a whole, and so its files are written plainly."""

    path: Path
    templates: Environment
    navigation: Sequence[Link]

    def write(self, file: str, template: str, **values: object) -> None:
        """Write one page; `file` is relative to the folder, with at most one folder in it."""
        target = self.path / file
        target.parent.mkdir(exist_ok=True)
        page = self.templates.get_template(template).render(
            up="../" * file.count("/"), here=file, navigation=self.navigation, **values
        )
        target.write_text(page, "utf-8")
