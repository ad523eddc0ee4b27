"""Prompt templates of judges: a text file with role lines, filled in one pass.

A template is Jinja text. Lines that hold nothing but `<|system|>`, `<|user|>` or `<|assistant|>` divide it into the
messages of a chat; they are looked for in the template before anything is filled in, and what is filled in is never
read as a template. So judged text that contains a placeholder, a role line or a forged verdict stays text.

Judged texts stand between delimiters with a tag that no judged text contains (`tag_for`), so none can end its block.

What this cannot prevent: a model that obeys what it reads inside a block, or that echoes a forged verdict (beside its
own, no verdict is read); and a server that reads control tokens (`<|im_end|>`) in the content of a message as such.
Local models are fed none (farm/calls/local/local_model.py).
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import count
from typing import NamedTuple, cast

import jinja2
import jinja2.meta
from jinja2.sandbox import SandboxedEnvironment

from farm.conversation import Message, Role
from farm.seeds import derive_seed

_ROLE_LINE = re.compile(r"^<\|([^|\n]*)\|>[ \t]*\n?", re.MULTILINE)
_ROLES = ("system", "user", "assistant")
_JINJA = SandboxedEnvironment(
    undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False
)


class _Part(NamedTuple):
    """One message of a template."""

    role: Role
    template: jinja2.Template
    fixed: Message | None
    """What it makes of any values, if there is nothing to fill in."""
    functions: Mapping[str, object]
    """Jinja's own functions."""


def fill(template: str, values: Mapping[str, object]) -> tuple[Message, ...]:
    """The chat that a template makes of the values, each put in verbatim."""
    return tuple(part.fixed or Message(part.role, _rendered(part, values)) for part in _parts(template))


def check_template(template: str, *, known: Iterable[str], needed: Iterable[str]) -> None:
    """Refuse a template that cannot be filled.

    Args:
        template: the text of the file.
        known: names that can be filled in.
        needed: those of them that must occur.

    Raises:
        ValueError: broken syntax, an unknown role, a name that is not known or one that is missing.
    """
    known, needed = sorted(known), sorted(needed)
    try:
        _parts(template)
        used = jinja2.meta.find_undeclared_variables(_JINJA.parse(template))
    except jinja2.TemplateSyntaxError as error:
        raise ValueError(f"prompt: {error.message} (line {error.lineno} of the message it stands in)") from error
    if unknown := sorted(used - set(known)):
        raise ValueError(
            f"prompt: no value for {', '.join(unknown)}; a prompt of this judge can use {', '.join(known)}"
        )
    if missing := sorted(set(needed) - used):
        raise ValueError(f"prompt: {', '.join(missing)} must occur in it, as {{{{ {missing[0]} }}}}")


def tag_for(seed: int, texts: Iterable[str]) -> str:
    """Eight hexadecimal digits for the delimiters around the texts.

    Determined by seed and texts, whatever their order, so that asking again asks the same (the call cache holds);
    none of the texts contains them.
    """
    texts = sorted(texts)
    digest = hashlib.sha256()
    for text in texts:
        content = text.encode(errors="surrogatepass")
        digest.update(b"%d:" % len(content) + content)
    key = digest.hexdigest()
    for attempt in count():
        tag = f"{derive_seed(seed, 'delimiter of judged text', f'{key} {attempt}') % 16**8:08x}"
        if not any(tag in text for text in texts):
            return tag
    raise AssertionError("unreachable")


@lru_cache(maxsize=256)
def _parts(template: str) -> tuple[_Part, ...]:
    """Text before the first role line is the user's."""
    pieces = _ROLE_LINE.split(template)
    named = list(zip(pieces[1::2], pieces[2::2], strict=True))
    if pieces[0].strip():
        named.insert(0, ("user", pieces[0]))
    if unknown := [role for role, _ in named if role not in _ROLES]:
        raise ValueError(f"prompt: role <|{unknown[0]}|> is none of {', '.join(f'<|{role}|>' for role in _ROLES)}")
    if not named:
        raise ValueError("prompt: is empty")
    # The last newline of a part only separates it from the next role line.
    return tuple(_part(cast(Role, role), text.strip("\n")) for role, text in named)


def _part(role: Role, text: str) -> _Part:
    compiled = _JINJA.from_string(text)
    names = jinja2.meta.find_undeclared_variables(_JINJA.parse(text))
    return _Part(role, compiled, None if names else Message(role, compiled.render()), dict(compiled.globals))


def _rendered(part: _Part, values: Mapping[str, object]) -> str:
    """`Template.render` without looking all of Jinja's functions up anew, which takes most of its time here."""
    context = part.template.new_context({**part.functions, **values}, shared=True)
    return "".join(part.template.root_render_func(context))
