"""Rendering a checkpoint's chat template, which is a program by a stranger: bounded in time, memory and length.

Jinja's sandbox keeps a template from Python's insides, but not from looping for ever or from writing gigabytes. So
templates run in a process of their own, which has no keys in its environment and is killed after some seconds.
"""

import functools
import json
import os
import selectors
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import cast

from transformers import PreTrainedTokenizerBase

from farm.bounded.json_text import read_json
from farm.errors import UnfitError
from farm.models.checkpoint_files.reading import MAX_REASON
from farm.plain_text import one_line

SECONDS = 10.0
"""After so long without an answer a template is taken to loop for ever."""
START_SECONDS = 120.0
"""The process may take longer to start on a busy machine."""
_KEPT = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "TMPDIR")
"""Of the environment: nothing that could be a secret."""
_READ = 2**16
_WORKER = "from farm.models.chat_templates.worker import main; main()"


class ChatTemplateError(UnfitError):
    """A chat template takes no such conversation, or never ends."""


def render_chat(
    tokenizer: PreTrainedTokenizerBase,
    messages: Sequence[Mapping[str, str]],
    *,
    opens_answer: bool = False,
    is_open: bool = False,
) -> str:
    """What transformers' `apply_chat_template` writes, without its tokens.

    Args:
        tokenizer: whose template is used.
        messages: role and content of each.
        opens_answer: the mark that opens the assistant's turn follows.
        is_open: the last message goes on: nothing follows its text.

    Raises:
        ChatTemplateError: there is no template, it refuses this conversation, it takes too long or writes too much.
    """
    if tokenizer.chat_template is None:
        raise ChatTemplateError(
            f"{tokenizer.name_or_path} has no chat template: choose another prompt, e.g. that of model=local"
        )
    try:
        template = tokenizer.get_chat_template(None, None)
    except ValueError:
        template = None
    if not isinstance(template, str):
        raise ChatTemplateError(
            f"{tokenizer.name_or_path}: `chat_template` of tokenizer_config.json has no template that is called "
            "default; give one, as text, or choose another prompt, e.g. that of model=local"
        )
    asked = {
        **tokenizer.special_tokens_map,
        "conversations": [[dict(message) for message in messages]],
        "chat_template": template,
        "add_generation_prompt": opens_answer,
        "continue_final_message": is_open,
    }
    answer = _renderer().ask(json.dumps(asked, default=str))
    if "text" in answer:
        return answer["text"]
    roles = ", ".join(message["role"] for message in messages)
    reason = one_line(answer["error"][:MAX_REASON])
    raise ChatTemplateError(
        f"the chat template of {tokenizer.name_or_path} takes no conversation of the roles {roles}: {reason}"
    )


def check_chat_template(tokenizer: PreTrainedTokenizerBase) -> None:
    """Refuse a template that leaves out what is asked, never ends, or fails on one plain question.

    Raises:
        ChatTemplateError: saying which.
    """
    question = "Which of these birds can swim?"
    rendered = render_chat(tokenizer, [{"role": "user", "content": question}], opens_answer=True)
    if question not in rendered:
        raise ChatTemplateError(
            f"the chat template of {tokenizer.name_or_path} leaves out what the user says, so every prompt would be "
            f"the same: it wrote {rendered[:80]!r}"
        )


class _Renderer:
    """The process, started when the first template is rendered. For one request at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def ask(self, line: str) -> dict[str, str]:
        """The process's answer; it is killed if there is none in time."""
        with self._lock:
            process = self._running()
            assert process.stdin is not None
            try:
                process.stdin.write(line.encode() + b"\n")
                process.stdin.flush()
                answered = _line(process, SECONDS)
            except BaseException:  # what it would still answer must not answer the next question
                self._stop(process)
                raise
            if answered is None:
                self._stop(process)
                return {"error": f"it had not ended after {SECONDS:.0f} seconds"}
            if not answered:
                self._stop(process)
                return {"error": "its process died, as where memory runs out"}
            answer = cast(dict[str, str], read_json(answered))
            return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None and self._owner == os.getpid():
            return self._process
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment |= {"PYTHONPATH": os.pathsep.join(sys.path), "HF_HUB_OFFLINE": "1"}
        process = subprocess.Popen(
            [sys.executable, "-c", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # Ctrl-C is for us; the process ends when its input does
        )
        if not _line(process, START_SECONDS):
            self._stop(process)
            raise ChatTemplateError("the process in which chat templates are rendered does not start")
        self._process, self._owner = process, os.getpid()
        return process

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.communicate()
        self._process = None


def _line(process: subprocess.Popen[bytes], seconds: float) -> bytes | None:
    """Its next line; None if it takes longer, empty if it died."""
    assert process.stdout is not None
    parts: list[bytes] = []
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not parts or not parts[-1].endswith(b"\n"):
            if not selector.select(timeout=seconds):
                return None
            part = os.read(process.stdout.fileno(), _READ)
            if not part:
                return b""
            parts.append(part)
    return b"".join(parts)


@functools.cache
def _renderer() -> _Renderer:
    """One for this process."""
    return _Renderer()
