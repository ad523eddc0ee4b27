import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from farm.config.quoting import with_quoted_condition


@pytest.mark.parametrize(
    "condition",
    [
        'turn == 1 and judge_kind == "expert"',
        "judge == 'expert_1'",
        "`a b` != 'it\\'s'",
        "tags in [a, b] and x == '${y}'",
        "x == 'C:\\\\'",
        "x==1",
        "a == {b: 1}",
        "'a' == \"a\"",
    ],
)
def test_hydra_reads_a_condition_as_the_text_that_it_is(condition: str) -> None:
    line = with_quoted_condition(f"simulated_where={condition}")
    override = OverridesParser.create().parse_override(line)
    assert override.key_or_group == "simulated_where"
    assert str(override.value()).replace(r"\${", "${") == condition


@pytest.mark.parametrize("argument", ["where=null", "where='a == 1'", 'where="a == 1"', "where=", "seed='0'", "-m"])
def test_what_hydra_understands_stays(argument: str) -> None:
    assert with_quoted_condition(argument) == argument
