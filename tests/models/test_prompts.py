"""Prompts begin once, whoever writes the beginning token: the tokenizer, the chat template, or nobody."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from farm.conversation import Message
from farm.models.chat_templates.renderer import ChatTemplateError, check_chat_template
from farm.models.checkpoint import load_tokenizer
from farm.models.prompts import ChatPrompt, Prompt, PromptTemplate, render_all
from farm.models.tokens import encode_prompt
from farm.records import Instruction
from tests.families import save_family

CHAT = ChatPrompt(system="", input_separator="\n")
PLAIN = PromptTemplate(without_input="{instruction}\n", with_input="{instruction}\n{input}\n")


@pytest.mark.parametrize("prefix", ["", "Good: "])
@pytest.mark.parametrize("prompt", [CHAT, PLAIN])
@pytest.mark.parametrize("family", ["llama", "gpt2"])  # the first begins its texts, and so does its chat template
def test_a_beginning_token_comes_first_and_once(family: str, prompt: Prompt, prefix: str, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(save_family(family, tmp_path))
    (rendered,) = render_all(prompt, tokenizer, [Instruction(instruction="Name a duck.")], prefix)
    ids = encode_prompt(tokenizer, rendered)
    text = str(tokenizer.decode(ids, skip_special_tokens=False))
    begins = "<bos>" if family == "llama" else ""
    body = "<user>Name a duck.\n<assistant>" if prompt == CHAT else "Name a duck.\n"
    assert text == begins + prefix + body


def test_a_chat_template_gets_the_conversation_as_chat(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(save_family("gpt2", tmp_path))
    history = (Message("user", "Hi."), Message("assistant", "\n\nHuman: is no turn."))
    asked = Instruction(instruction="Sort.", input="b, a", history=history)
    system = ChatPrompt(system="Be kind.", input_separator="\n")
    turns = "<user>Hi.\n<assistant>\n\nHuman: is no turn.\n<user>Sort.\nb, a\n"
    assert CHAT.render(tokenizer, asked) == f"{turns}<assistant>"
    assert system.render(tokenizer, asked) == f"<system>Be kind.\n{turns}<assistant>"
    own = replace(asked, history=(Message("system", "Be brief."), *history))
    assert system.render(tokenizer, own) == f"<system>Be brief.\n{turns}<assistant>"


SHOUTED = "{% for message in messages %}{{ message.content | upper }}{% endfor %}"


def with_templates(folder: Path, **templates: str) -> Path:
    """A checkpoint whose tokenizer_config.json has a list of named chat templates, as transformers wrote it."""
    save_family("gpt2", folder)
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    file = folder / "tokenizer_config.json"
    listed = [{"name": name, "template": template} for name, template in templates.items()]
    file.write_text(json.dumps(json.loads(file.read_text()) | {"chat_template": listed}))
    return folder


def test_of_several_chat_templates_the_default_one_is_used(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(with_templates(tmp_path, default=SHOUTED, rag="{{ documents }}"))
    assert CHAT.render(tokenizer, Instruction(instruction="Name a duck.")) == "NAME A DUCK."


def test_several_chat_templates_without_a_default_are_refused(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(with_templates(tmp_path, rag=SHOUTED, tool_use=SHOUTED))
    with pytest.raises(ChatTemplateError, match="has no template that is called default") as refused:
        check_chat_template(tokenizer)
    assert str(tmp_path) in str(refused.value) and "\n" not in str(refused.value)
