"""Checkpoints that are broken, or made to do harm: each is one function that changes a copy of a tiny, sound one."""

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

CANARY = "farm_canary_of_a_checkpoint"
"""A file in the folder of temporary files that appears if anything of a checkpoint is run."""
WEIGHTS, INDEX, CONFIG, TOKENIZER = "model.safetensors", "model.safetensors.index.json", "config.json", "tokenizer.json"


class Bomb:
    """A pickle that leaves the canary when it is loaded."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.canary}",)


def edited(name: str, **values: object) -> Callable[[Path, Path], None]:
    """Changes keys of a JSON file; None takes a key out."""

    def change(folder: Path, _canary: Path) -> None:
        file = folder / name
        settings: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
        settings = {key: value for key, value in (settings | values).items() if value is not None}
        file.write_text(json.dumps(settings))

    return change


def written(name: str, content: str | bytes) -> Callable[[Path, Path], None]:
    """Puts a file there."""

    def change(folder: Path, canary: Path) -> None:
        text = content if isinstance(content, bytes) else content.replace(CANARY, str(canary)).encode()
        (folder / name).write_bytes(text)

    return change


def weights(edit: Callable[[dict[str, Tensor]], dict[str, Tensor]]) -> Callable[[Path, Path], None]:
    """Changes the tensors."""

    def change(folder: Path, _canary: Path) -> None:
        tensors = edit(load_file(folder / WEIGHTS))
        save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})

    return change


def template(text: str) -> Callable[[Path, Path], None]:
    """Gives it a chat template."""
    return written("chat_template.jinja", text)


def without(*names: str) -> Callable[[Path, Path], None]:
    def change(folder: Path, _canary: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return change


def both(*changes: Callable[[Path, Path], None]) -> Callable[[Path, Path], None]:
    def change(folder: Path, canary: Path) -> None:
        for each in changes:
            each(folder, canary)

    return change


def pickled(name: str) -> Callable[[Path, Path], None]:
    def change(folder: Path, canary: Path) -> None:
        (folder / name).write_bytes(pickle.dumps(Bomb(canary)))

    return change


def renamed(name: str, other: str) -> Callable[[Path, Path], None]:
    def change(folder: Path, _canary: Path) -> None:
        (folder / name).rename(folder / other)

    return change


def linked(name: str, target: str) -> Callable[[Path, Path], None]:
    def change(folder: Path, _canary: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)

    return change


def indexed(file: str) -> Callable[[Path, Path], None]:
    """No whole file of weights, and an index that names another one."""
    index = {"metadata": {}, "weight_map": {"model.embed_tokens.weight": file}}
    return both(renamed(WEIGHTS, "x.safetensors"), written(INDEX, json.dumps(index)))


def cut(folder: Path, _canary: Path) -> None:
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[: len(content) // 2])


def emptied(folder: Path, _canary: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def dropped(part: str) -> Callable[[Path, Path], None]:
    return weights(lambda tensors: {name: tensor for name, tensor in tensors.items() if part not in name})


def added(name: str) -> Callable[[Path, Path], None]:
    return weights(lambda tensors: tensors | {name: torch.zeros(2, 2)})


def mapped(part: str, edit: Callable[[Tensor], Tensor]) -> Callable[[Path, Path], None]:
    return weights(
        lambda ts: {name: edit(tensor).contiguous() if part in name else tensor for name, tensor in ts.items()}
    )


def fifo(name: str) -> Callable[[Path, Path], None]:
    def change(folder: Path, _canary: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return change


def header(content: bytes) -> Callable[[Path, Path], None]:
    return written(WEIGHTS, content)


EVIL_PY = f"import os; os.system('touch {CANARY}')\n"
EVIL = written("evil.py", EVIL_PY)
REMOTE = {"auto_map": {"AutoConfig": "evil.C", "AutoModelForCausalLM": "evil.M", "AutoTokenizer": ["evil.T", None]}}
ADAPTER = {"peft_type": "LORA", "base_model_name_or_path": "meta-llama/Llama-2-7b", "r": 1, "task_type": "CAUSAL_LM"}

HOSTILE: dict[str, tuple[Callable[[Path, Path], None], str]] = {
    # weights
    "pickled weights only": (both(without(WEIGHTS), pickled("pytorch_model.bin")), "pickled weights"),
    "index names a pickle": (both(indexed("evil.bin"), pickled("evil.bin")), "evil.bin"),
    "index names a file above": (indexed("../../x.safetensors"), "expected the name of a .safetensors file beside it"),
    "index names an absolute path": (indexed("/etc/x.safetensors"), "expected the name of a .safetensors file"),
    "index names a file that is not there": (indexed("gone.safetensors"), "which is not there"),
    "index expects more than there is": (
        both(indexed("x.safetensors"), edited(INDEX, weight_map={"nobody.weight": "x.safetensors"})), "nobody.weight"),
    "index is a list": (both(renamed(WEIGHTS, "x.safetensors"), written(INDEX, "[1]")), "expected a JSON object"),
    "index without a map": (both(renamed(WEIGHTS, "x.safetensors"), written(INDEX, "{}")), "weight_map"),
    "weights under another name": (renamed(WEIGHTS, "weights.safetensors"), "there is weights.safetensors"),
    "weights in a link out": (linked(WEIGHTS, "/etc/passwd"), "is a link out of"),
    "a link to an endless device": (linked("extra.txt", "/dev/zero"), "is a link out of"),
    "a link in a circle": (linked("self.json", "self.json"), "leads nowhere"),
    "weights in a pipe": (fifo(WEIGHTS), "neither a file nor a folder"),
    "tokenizer in a pipe": (fifo(TOKENIZER), "neither a file nor a folder"),
    "another pipe": (fifo("notes"), "neither a file nor a folder"),
    "weights cut short": (cut, "cannot be read"),
    "weights of no bytes": (header(b""), "cannot be read"),
    "header of a petabyte": (header((10**15).to_bytes(8, "little") + b"{}"), "cannot be read"),
    "header that is no JSON": (header((4).to_bytes(8, "little") + b"\xff\xfe{}"), "cannot be read"),
    "header nested deeply": (header((200_000).to_bytes(8, "little") + b"[" * 200_000), "cannot be read"),
    "header whose sizes lie": (
        header(
            (lambda h: len(h).to_bytes(8, "little") + h + b"\0" * 8)(
                b'{"a":{"dtype":"F64","shape":[999],"data_offsets":[0,8]}}'
            )
        ),
        "cannot be read",
    ),
    "no tensors": (weights(lambda _: {}), "empty"),
    "weights missing": (dropped("q_proj"), "which would be random: model.layers.0.self_attn.q_proj.weight"),
    "embedding missing": (dropped("embed_tokens"), "embed_tokens"),
    "a layer missing": (dropped("layers.1."), "layers.1"),
    "weights too many": (added("model.layers.7.extra.weight"), "model.layers.7.extra.weight"),
    "value head of a trainer": (added("v_head.summary.weight"), "v_head.summary.weight"),
    "shapes of another model": (mapped("embed_tokens", lambda t: t[:7]), "shapes"),
    "weights that are NaN": (mapped("down_proj", lambda t: t * float("nan")), "are NaN or infinite"),
    "weights that are infinite": (mapped("norm", lambda t: t / 0), "are NaN or infinite"),
    "weights of whole numbers": (mapped("up_proj", lambda t: t.to(torch.int8)), "not as floating-point numbers"),
    # config.json
    "no config": (without(CONFIG), "no config.json"),
    "config is no JSON": (written(CONFIG, "{"), "expected a JSON object"),
    "config is a list": (written(CONFIG, "[1]"), "expected a JSON object"),
    "config nested deeply": (written(CONFIG, '{"a":' * 100_000), "brackets"),
    "config of 20 MB": (written(CONFIG, b'{"a": "' + b"x" * 20 * 2**20 + b'"}'), "larger than 16 MB"),
    "config of no encoding": (written(CONFIG, b"\xff\xfe\x00"), "expected a JSON object"),
    "number of 5,000 digits": (written(CONFIG, '{"vocab_size": ' + "9" * 5000 + "}"), "expected a JSON object"),
    "no model type": (edited(CONFIG, model_type=None), "config.json"),
    "unknown model type": (edited(CONFIG, model_type="evilm"), "evilm"),
    "layers -3": (edited(CONFIG, num_hidden_layers=-3), "num_hidden_layers: expected a whole number from 1"),
    "no layers": (edited(CONFIG, num_hidden_layers=0), "num_hidden_layers"),
    "a billion layers": (edited(CONFIG, num_hidden_layers=10**9), "num_hidden_layers"),
    "a few layers too many": (edited(CONFIG, num_hidden_layers=5), "lacks weights"),
    "half a layer": (edited(CONFIG, num_hidden_layers=1.5), "num_hidden_layers"),
    "vocabulary of 10^12": (edited(CONFIG, vocab_size=10**12), "vocab_size"),
    "hidden size 0": (edited(CONFIG, hidden_size=0), "hidden_size"),
    "hidden size in words": (edited(CONFIG, hidden_size="64"), "hidden_size"),
    "hidden size true": (edited(CONFIG, hidden_size=True), "hidden_size"),
    "a feed-forward layer of another model": (edited(CONFIG, intermediate_size=20_000), "they do not belong together"),
    "heads that do not divide": (edited(CONFIG, num_attention_heads=7, head_dim=None), "config.json"),
    "key heads that do not divide": (edited(CONFIG, num_key_value_heads=3), "config.json"),
    "context 0": (edited(CONFIG, max_position_embeddings=0), "max_position_embeddings"),
    "an activation that nobody knows": (edited(CONFIG, hidden_act="evil"), "config.json"),
    "a number format that nobody knows": (edited(CONFIG, dtype="float99"), "config.json"),
    "positions that nobody knows": (edited(CONFIG, rope_parameters={"rope_type": "evil"}), "config.json"),
    "padding beyond the vocabulary": (edited(CONFIG, pad_token_id=99_999), "config.json"),
    "architectures that are no list": (edited(CONFIG, architectures="evil"), "expected names of classes"),
    "code for the model": (both(EVIL, edited(CONFIG, model_type="evilm", **REMOTE)), "auto_map"),
    "code for the tokenizer": (both(EVIL, edited("tokenizer_config.json", **REMOTE)), "auto_map"),
    "code for the processor": (both(EVIL, edited("processor_config.json", **REMOTE)), "auto_map"),
    "code for generation": (both(EVIL, edited("generation_config.json", **REMOTE)), "auto_map"),
    "attention from the hub": (edited(CONFIG, _attn_implementation="evil/kernel"), "`_attn_implementation` is"),
    "attention of the text from the hub": (
        edited(CONFIG, text_config={"attn_implementation": "evil/kernel"}), "`attn_implementation` is"),
    "experts from the hub": (edited(CONFIG, _experts_implementation="evil/kernel"), "`_experts_implementation` is"),
    "kernels from the hub": (edited(CONFIG, use_kernels=True), "`use_kernels` asks to run compiled code"),
    "code is trusted": (edited(CONFIG, trust_remote_code=True), "Python code"),
    "weights named elsewhere": (edited(CONFIG, transformers_weights="../../x.safetensors"), "transformers_weights"),
    "quantised weights": (edited(CONFIG, quantization_config={"quant_method": "gptq", "bits": 4}), "quantised (gptq)"),
    "a reward model": (edited(CONFIG, architectures=["LlamaForSequenceClassification"]), "expected a causal language"),
    "an encoder and decoder": (edited(CONFIG, model_type="t5", architectures=["T5Model"]), "expected a causal"),
    # other formats
    "an adapter": (both(without(WEIGHTS), edited("adapter_config.json", **ADAPTER)), "is an adapter of meta-llama"),
    "an adapter beside": (both(edited("adapter_config.json", **ADAPTER), pickled("adapter_model.bin")), "adapter of"),
    "GGUF": (both(without(WEIGHTS), written("model.Q4_K_M.gguf", b"GGUF")), "is GGUF"),
    "an empty folder": (emptied, "the folder is empty"),
    # tokenizer
    "no tokenizer": (without(TOKENIZER, "tokenizer_config.json"), "its tokenizer"),
    "tokenizer without content": (written(TOKENIZER, "{}"), "its tokenizer"),
    "tokenizer nested deeply": (written(TOKENIZER, "[" * 100_000), "its tokenizer"),
    "tokenizer larger than the embedding": (
        edited("added_tokens.json", **{"<a>": 320}), "the model embeds only 320"),
    "an end token that is no text": (written("special_tokens_map.json", '{"eos_token": 5}'), "its tokenizer"),
    "no end token": (edited("tokenizer_config.json", eos_token=None), "no eos_token"),
    "end tokens beyond the vocabulary": (edited("generation_config.json", eos_token_id=[1, 10**9]), "eos_token_id"),
    "end tokens in words": (edited("generation_config.json", eos_token_id="stop"), "eos_token_id"),
    # chat template
    "template drops the messages": (template("fixed"), "leaves out what the user says"),
    "template without end": (template("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"),
                             "had not ended"),
    "template that doubles": (
        template("{% set n = namespace(x='xxxxxxxx') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}"),
        "chat template"),
    "template of gigabytes": (template("{{ 'x' * 3000000000 }}"), "chat template"),
    "template pads": (template("{{ 'x' | center(3000000000) }}"), "chat template"),
    "template that writes much": (template("{{ messages[0].content }}{{ 'x' * 9000000 }}"), "characters (at most"),
    "template calls itself": (template("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"), "chat template"),
    "template raises": (template("{{ raise_exception('\x1b[31mno\x07') }}"), "takes no conversation"),
    "template is no template": (template("{% if %}"), "chat template"),
    "template knows nothing": (template("{{ foo.bar.baz }}"), "chat template"),
    "template reaches for classes": (template("{{ ''.__class__.__mro__[1].__subclasses__() }}"), "chat template"),
    "template reaches for a shell": (
        template("{{ cycler.__init__.__globals__.os.system('touch " + CANARY + "') }}"), "chat template"),
    "template formats": (template("{{ '{0.__class__.__init__.__globals__}'.format(messages) }}"), "chat template"),
    "template reads a file": (template("{% include '/etc/passwd' %}"), "chat template"),
}  # fmt: skip
"""What is done to it, and what the sentence that refuses it says."""
WRITERS_ONLY = (
    "a reward model", "an encoder and decoder", "end tokens beyond the vocabulary", "end tokens in words",
)  # fmt: skip
"""Kinds that only a model that writes can be."""
