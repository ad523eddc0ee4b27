"""The number of places at an endpoint."""

from farm.calls.http.limits import CROWDED_AFTER, AdaptiveLimit


def run(limit: AdaptiveLimit, *, capacity: int, rounds: int) -> list[int]:
    """Rounds in which all places are used and the server answers `capacity` of them; the places after each round."""
    places = []
    for now in range(1, rounds + 1):
        n = limit.places
        for i in range(n):
            if i < capacity:
                limit.replied()
            else:
                limit.limited(sent_at=float(now), now=now + 0.5)
        places.append(limit.places)
    return places


def test_it_starts_at_the_most_and_stays_there_while_all_is_well() -> None:
    assert run(AdaptiveLimit(64), capacity=64, rounds=5) == [64] * 5


def test_it_comes_down_to_what_the_server_takes_and_hovers_there() -> None:
    places = run(AdaptiveLimit(256), capacity=8, rounds=60)
    assert min(places) >= 4
    assert max(places[15:]) <= 12


def test_it_recovers_when_the_server_does() -> None:
    limit = AdaptiveLimit(64)
    run(limit, capacity=4, rounds=30)
    assert run(limit, capacity=64, rounds=40)[-1] == 64


def test_a_few_random_429s_do_not_throttle_it() -> None:
    limit = AdaptiveLimit(64)
    for now in range(200):
        for i in range(limit.places):
            if (now * 64 + i) % 50 == 0:  # 2%
                limit.limited(sent_at=float(now), now=now + 0.5)
            else:
                limit.replied()
    assert limit.places > 32


def test_there_is_always_one_place() -> None:
    limit = AdaptiveLimit(8)
    run(limit, capacity=0, rounds=50)
    assert limit.places == 1


def test_with_nothing_but_429s_sending_pauses_longer_and_longer() -> None:
    limit = AdaptiveLimit(4)
    pauses = []
    for i in range(1, 10 * CROWDED_AFTER + 1):
        limit.limited(sent_at=float(i), now=float(i))
        if i % CROWDED_AFTER == 0:
            pauses.append(limit.paused_until - i)
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30]
    assert not limit.has_room(now=10.0 * CROWDED_AFTER + 29)
    assert limit.has_room(now=10.0 * CROWDED_AFTER + 31)
