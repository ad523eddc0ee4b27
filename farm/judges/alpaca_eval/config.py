"""AlpacaEval's evaluator folders: `configs.yaml` and prompt files, as in its evaluators_configs/."""

import json
import logging
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, cast

import pydantic

from farm.bounded.yaml_text import MAX_CHARACTERS, read_yaml
from farm.calls.request import Decoding, ModelSlot
from farm.wording import shape_of

CONFIG_NAME = "configs.yaml"
_ENDPOINT_FUNCTIONS = (
    "openai_completions",
    "anthropic_completions",
    "bedrock_anthropic_completions",
    "cohere_completions",
    "google_completions",
    "huggingface_api_completions",
    "jina_chat_completions",
    "replicate_completions",
)
_LOCAL_FUNCTIONS = ("huggingface_local_completions", "vllm_local_completions")
_LENGTH_NAMES = ("max_tokens", "max_tokens_to_sample", "max_new_tokens", "max_output_tokens")
_NO_MEANING_HERE = {
    # How AlpacaEval calls a model; ours is in `farm.calls`.
    "batch_size", "client_config_path", "client_function_name", "client_kwargs", "do_sample", "is_chat",
    "is_chatml_prompt", "is_fast_tokenizer", "is_skip_multi_tokens_to_avoid", "is_strip", "max_instances",
    "model_kwargs", "n_retries", "num_procs", "openai_organization_ids", "price_per_token",
    "requires_chatml", "sleep_time", "torch_dtype",
}  # fmt: skip
_ADDRESSES = ("base_url", "api_base", "openai_api_base", "api_base_url", "endpoint")
"""How an evaluator calls the server that is to be asked."""
_ADDRESS_PLACES = ("", "client_kwargs", "model_kwargs")
"""Where in completions_kwargs the client's own arguments stand."""
_SECRET = re.compile(
    r"(api|access|auth|ad|bearer|hf|secret)_?(keys?|tokens?)|.*_api_keys?|.*passw(or)?d|.*secret|authorization"
)
_CHANGES_REQUESTS = re.compile(
    r"azure_.*|proxy|proxies|mounts|transport|(default_|extra_)?(headers|query)|http_client|.*_base_url"
)
"""Arguments of the client that would have a request go elsewhere, or carry more."""
_LOG = logging.getLogger(__name__)


class EvaluatorConfig(pydantic.BaseModel):
    """One annotator of a `configs.yaml`."""

    model_config = pydantic.ConfigDict(extra="forbid")

    prompt_template: str
    fn_completions: str = "openai_completions"
    completions_kwargs: dict[str, object] = {}
    fn_completion_parser: str = "regex_parser"
    completion_parser_kwargs: dict[str, object] = {}
    batch_size: int = pydantic.Field(default=1, ge=1)
    is_randomize_output_order: bool = True
    is_shuffle: bool = True
    """Shuffles rows before they are put into batches; here they are sorted by contents."""
    completion_key: str = "completions"
    processors_to_kwargs: dict[str, object] | None = None
    """Add columns that explain a verdict; none changes it."""
    annotation_column: str = "preference"
    random_seed_column: list[str] = []
    seed: int | None = None
    pretty_name: str | None = None
    link: str | None = None


class Asked(NamedTuple):
    """Whom an evaluator asks, and how."""

    model: ModelSlot
    decoding: Decoding


def read_configs(folder: Path) -> dict[str, EvaluatorConfig]:
    """The annotators of a folder by name.

    Args:
        folder: the folder, or the YAML in it.

    Raises:
        ValueError: nothing there, or not what an evaluator looks like.
    """
    path = config_path(folder)
    try:
        content = read_yaml(_text_of(path))
    except FileNotFoundError as error:
        raise ValueError(f"{path}: no such file; expected an AlpacaEval evaluator folder with {CONFIG_NAME}") from error
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if not isinstance(content, dict) or not content or not all(isinstance(c, dict) for c in content.values()):
        raise ValueError(f"{path}: expected names of annotators, each with its settings")
    configs = {}
    for name, settings in content.items():
        try:
            configs[str(name)] = EvaluatorConfig.model_validate(settings)
        except pydantic.ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(_name, e['loc']))}: {e['msg'].lower()}" for e in error.errors())
            raise ValueError(f"{path}: {name}: {problems}") from error
    return configs


def config_path(folder: Path) -> Path:
    """Where the YAML of a folder is; a path to the YAML is taken as it is."""
    return folder if folder.suffix in (".yaml", ".yml") else folder / CONFIG_NAME


def read_prompt(prompt_template: str, path: Path) -> str:
    """The text of a prompt, which stands in the YAML itself or in a file beside the evaluators' folders.

    Args:
        prompt_template: the text, or `EVALUATOR/FILE.txt` relative to the folder of all evaluators.
        path: the YAML.

    Raises:
        ValueError: no such file.
    """
    if "{output_1}" in prompt_template:
        return prompt_template
    places = [
        path.parent.parent / prompt_template,
        path.parent / prompt_template,
        path.parent / Path(prompt_template).name,
    ]
    for place in places:
        try:
            if place.is_file():
                return _text_of(place)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise ValueError(f"prompt_template: {shape_of(prompt_template)} that cannot be read: {reason}") from None
    raise ValueError(
        f"prompt_template: {shape_of(prompt_template)} that names no file in {path.parent} or {path.parent.parent}"
    )


def _text_of(path: Path) -> str:
    """A text of an evaluator's folder.

    Raises:
        OSError: it cannot be read.
        ValueError: it is too long, or no UTF-8.
    """
    with path.open("rb") as file:
        content = file.read(MAX_CHARACTERS + 1)
    if len(content) > MAX_CHARACTERS:
        raise ValueError(f"it is larger than {MAX_CHARACTERS:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is no UTF-8 text") from None


def asked(config: EvaluatorConfig, path: Path) -> Asked:
    """The model and decoding of `fn_completions` and `completions_kwargs`.

    Args:
        config: of one annotator.
        path: the YAML.

    Raises:
        ValueError: a function or setting that cannot be carried over.
    """
    kwargs = dict(config.completions_kwargs)
    if config.fn_completions not in (*_ENDPOINT_FUNCTIONS, *_LOCAL_FUNCTIONS):
        known = ", ".join((*_ENDPOINT_FUNCTIONS, *_LOCAL_FUNCTIONS))
        raise ValueError(f"fn_completions: {shape_of(config.fn_completions)} that is none of {known}")
    base_url = _address(kwargs)
    if "model_name" not in kwargs:
        raise ValueError("completions_kwargs: model_name is missing")
    is_local = config.fn_completions in _LOCAL_FUNCTIONS
    model = ModelSlot(
        model=str(kwargs.pop("model_name")),
        kind="local" if is_local else "endpoint",
        base_url=base_url,
        api_key_variable="OPENAI_API_KEY",
        address_from=str(path) if base_url else "",
    )
    return Asked(model, _decoding(kwargs))


def _address(kwargs: dict[str, object]) -> str | None:
    """The server that the client's arguments name, which are taken out of those of the request.

    Raises:
        ValueError: they hold a key, or would change requests in another way.
    """
    addresses = {}
    for place in _ADDRESS_PLACES:
        for name, value in list((_mapping(kwargs, place) if place else kwargs).items()):
            plain, where = str(name).lower().replace("-", "_"), f"completions_kwargs: {place}{'.' if place else ''}"
            if _SECRET.fullmatch(plain):
                raise ValueError(f"{where}{_name(name)} is no place for a key; put it into the environment")
            if _CHANGES_REQUESTS.fullmatch(plain):
                raise ValueError(
                    f"{where}{_name(name)} would change where requests go or what they carry; leave it out"
                )
            if plain not in _ADDRESSES or value is None:
                continue
            if not isinstance(value, str):
                raise ValueError(f"{where}{name}: expected an address, got {shape_of(value)}")
            addresses[value] = f"{place}.{name}" if place else str(name)
            if not place:
                del kwargs[name]
    if len(addresses) > 1:
        raise ValueError(f"completions_kwargs: {' and '.join(addresses.values())} name several servers; leave one")
    return next(iter(addresses), None)


def _decoding(kwargs: dict[str, object]) -> Decoding:
    lengths = {name: kwargs.pop(name) for name in _LENGTH_NAMES if name in kwargs}
    length_name = next(iter(lengths), "max_tokens")
    for name in ("tokens_to_avoid", "tokens_to_favor"):
        if kwargs.pop(name, None):
            _say_left_out(name)
    stop = kwargs.pop("stop", kwargs.pop("stop_sequences", None)) or ()
    is_object = kwargs.get("response_format") == {"type": "json_object"} and kwargs.pop("response_format") is not None
    with_logprobs = kwargs.pop("logprobs", False)
    top_logprobs = kwargs.pop("top_logprobs", 1 if with_logprobs else 0)
    # AlpacaEval's defaults: temperature .7, 2048 tokens, top_p 1.
    temperature, top_p = kwargs.pop("temperature", 0.7), kwargs.pop("top_p", 1.0)
    extra = {name: value for name, value in kwargs.items() if name not in _NO_MEANING_HERE}
    try:
        return Decoding(
            temperature=_number("temperature", temperature),
            max_tokens=int(_number(length_name, lengths.get(length_name, 2048))),
            top_p=_number("top_p", top_p),
            top_logprobs=int(_number("top_logprobs", top_logprobs)) if with_logprobs else 0,
            stop=(stop,) if isinstance(stop, str) else tuple(map(str, cast(list[object], stop))),
            json_object=is_object,
            extra_body=json.dumps(extra, sort_keys=True) if extra else "",
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"completions_kwargs: {error}") from error


def _number(name: str, value: object) -> float:
    try:
        number = float(cast(float, value))
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name}: expected a number, got {shape_of(value)}") from None
    if not math.isfinite(number):
        raise ValueError(f"{name}: expected a number, got {number}")
    return number


def _name(name: object) -> str:
    """A setting's name, if it looks like one."""
    return str(name) if re.fullmatch(r"[A-Za-z0-9_]{1,40}", str(name)) else f"({shape_of(name)})"


@lru_cache
def _say_left_out(name: str) -> None:
    """Once, however many annotators a folder has."""
    _LOG.warning("%s is left out: it needs the tokenizer of the model that the evaluator was made for", name)


def _mapping(kwargs: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = kwargs.get(name)
    return cast(Mapping[str, object], value) if isinstance(value, Mapping) else {}
