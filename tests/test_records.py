"""What identifies records, and what does not."""

from farm.records import Comparison, Instruction, Preference


def test_keys_do_not_run_into_each_other() -> None:
    assert Instruction(instruction="ab", input="c").key != Instruction(instruction="a", input="bc").key


def test_only_the_pair_key_ignores_the_order() -> None:
    there, back = (Comparison(instruction="i", output_1=a, output_2=b) for a, b in ("xy", "yx"))
    assert there.pair_key == back.pair_key
    assert there.key != back.key


def test_preferences_swap() -> None:
    assert [p.swapped for p in (Preference.FIRST, Preference.SECOND, Preference.TIE)] == [
        Preference.SECOND, Preference.FIRST, Preference.TIE,
    ]  # fmt: skip
