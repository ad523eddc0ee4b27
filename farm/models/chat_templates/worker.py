"""The process in which chat templates are rendered; started by farm/models/chat_templates/renderer.py.

One JSON line in, one out. It knows no key and no model, has no more memory than a template needs, and whoever waits for
it gives up after some seconds: a template may loop for ever or write a text of gigabytes, and Python can stop neither.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any

from jinja2 import TemplateError
from transformers.utils.chat_template_utils import render_jinja_template

MAX_MEMORY = 2**30
"""Bytes beyond what the process has when it starts."""
MAX_CHARACTERS = 2**22
"""Of a rendered conversation."""


def main() -> None:
    """Render until nobody asks any more."""
    _bound_memory()
    print("{}", flush=True)  # ready: from now on every answer is due within seconds
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)


def _answer(asked: dict[str, Any]) -> dict[str, str]:
    try:
        rendered = render_jinja_template(**asked)
    except TemplateError as error:
        return {"error": str(error)[:MAX_CHARACTERS]}
    except Exception as error:  # whatever a stranger's template does
        return {"error": f"{type(error).__name__}: {error}"[:MAX_CHARACTERS]}
    text = rendered[0][0]
    if len(text) > MAX_CHARACTERS:
        return {"error": f"it writes {len(text):,} characters (at most {MAX_CHARACTERS:,})"}
    return {"text": text}


def _bound_memory() -> None:
    if sys.platform != "linux":
        return
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + MAX_MEMORY, hard))
