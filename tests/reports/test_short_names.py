from farm.reports.short_names import short_names


def test_hashes_are_cut_as_far_as_they_differ() -> None:
    names = ["tulu_human_0c9e11112222", "tulu_human_0c9e1f112222", "other_0c9e11112222", "gpt-4"]
    assert short_names(names) == {
        "tulu_human_0c9e11112222": "tulu_human_0c9e11",
        "tulu_human_0c9e1f112222": "tulu_human_0c9e1f",
        "other_0c9e11112222": "other_0c9e11",
        "gpt-4": "gpt-4",
    }


def test_names_that_are_no_hashes_stay() -> None:
    assert short_names(["human_1", "pool_abc", "a_0123456789abc"]) == {
        name: name for name in ("human_1", "pool_abc", "a_0123456789abc")
    }
