"""A folder to a model repository of Hugging Face's hub: only where `push_to_hub=OWNER/NAME` is on the command line.

The token is that of the variable HF_TOKEN and no other (not one that a login has left), and goes to the hub that the
user's HF_ENDPOINT names, else to Hugging Face's own; over http to this machine only. Only the files that were written
are sent. A new repository is private unless the command says otherwise.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from huggingface_hub import HfApi
from huggingface_hub.constants import ENDPOINT

from farm.addresses import origin_of, shown
from farm.errors import UserError
from farm.plain_text import one_line

TOKEN = "HF_TOKEN"
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)


def repository_problem(name: str) -> str:
    """Why this is no name of a repository; empty if it is one."""
    return "" if _REPOSITORY.fullmatch(name) else f"expected OWNER/NAME, got {name!r:.80}"


def push_folder(folder: Path, files: Sequence[Path], repository: str, *, is_private: bool) -> str:
    """Send files of a folder; returns the address of what was made.

    Raises:
        UserError: there is no token, the hub is no place for it, or the hub refused.
    """
    token = os.environ.get(TOKEN, "")
    if not token:
        raise UserError(f"push_to_hub={repository}: set {TOKEN} to a token that may write there; nothing was sent")
    endpoint = os.environ.get("HF_ENDPOINT", "").strip().rstrip("/") or ENDPOINT
    origin = origin_of(endpoint)
    if origin is None or (origin.scheme != "https" and not origin.is_this_machine):
        raise UserError(
            f"push_to_hub={repository}: HF_ENDPOINT={shown(endpoint)} is no https address, and a token goes over http "
            "to this machine only; nothing was sent"
        )
    api = HfApi(endpoint=endpoint, token=token)
    try:
        api.create_repo(repository, repo_type="model", private=is_private, exist_ok=True)
        api.upload_folder(
            repo_id=repository,
            folder_path=folder,
            repo_type="model",
            commit_message="Add a policy with its card",
            allow_patterns=[file.relative_to(folder).as_posix() for file in files],
        )
    except Exception as error:
        said = one_line(str(error)).replace(token, "***") or type(error).__name__
        raise UserError(f"push_to_hub={repository}: {origin} did not take it ({said})") from error
    return f"{origin}/{repository}"
