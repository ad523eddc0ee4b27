import re

import pytest

from farm.reports.markdown import escaped, escaped_paragraph


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("[x](y)", r"[x]\(y)"),
        ("![x](http://a.b/c)", r"![x]\(http:\/\/a.b/c)"),
        ("[a][b] [r]: z www.x.y", r"[a]\[b] [r]\: z www\.x.y"),
        ("a|b `c` *d* _e_ $f$ ~~g~~", r"a\|b \`c\` \*d\* \_e\_ \$f\$ ~\~g~\~"),
        ("<b>&amp;", "&lt;b>&amp;amp;"),
        ("mean_logprob_of_n 0.9 [0.7, 1.0] (n 5) a ~ b", "mean_logprob_of_n 0.9 [0.7, 1.0] (n 5) a ~ b"),
        ("crowd *", "crowd *"),
        ("-2.3", "-2.3"),
    ],
)
def test_signs_are_text(text: str, written: str) -> None:
    assert escaped(text) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [("# x", r"\# x"), ("- x", r"\- x"), ("---", r"\---"), ("+ x", r"\+ x"), ("1. x", r"1\. x"), ("1) x", r"1\) x"),
     ("1.5 x", "1.5 x"), ("-2.3", "-2.3"), ("> x", r"\> x"), ("a > b", "a > b"), ("~~~", r"\~\~\~"), ("===", r"\===")],
)  # fmt: skip
def test_nothing_begins_a_block(text: str, written: str) -> None:
    assert escaped_paragraph(text) == written


def test_a_renderer_makes_no_link_picture_or_tag_of_it() -> None:
    renderer = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable(["table", "strikethrough"])
    texts = [
        "[x](y)",
        "![x](y)",
        "<http://a.b>",
        "[r]: z",
        "<b>x</b>",
        "`c`",
        "*d*",
        "_e_",
        "# h",
        "- l",
        "1. l",
        "~~s~~",
        "> q",
        "<!-- c -->",
        "a > b <i>",
    ]
    page = "\n\n".join(map(escaped_paragraph, texts))
    tags = set(re.findall(r"<(\w+)", renderer.render(page)))
    assert tags == {"p"}
