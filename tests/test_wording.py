from farm.wording import counted, listed


def test_a_count_has_its_plural_and_commas_between_thousands() -> None:
    assert counted(1, "seed") == "1 seed"
    assert counted(0, "seed") == "0 seeds"
    assert counted(1200, "label") == "1,200 labels"
    assert counted(2, "reply", "replies") == "2 replies"


def test_a_list_is_cut_and_says_how_much_is_missing() -> None:
    assert listed(["a", "b", "c"], 3) == "a, b, c"
    assert listed(iter("abcde"), 3) == "a, b, c and 2 more"
    assert listed([]) == ""
