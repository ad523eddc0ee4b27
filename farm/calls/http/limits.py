"""How many requests may be in flight at one endpoint: more while they are answered, fewer when it says 429.

Additive increase, multiplicative decrease, as TCP does it (Chiu and Jain 1989): every reply adds a tenth of a place,
and a 429 to a request that was sent after the last decrease takes away the share of 429s seen since, at most half.
Used from one event loop; nothing here waits.
"""

INCREASE = 0.1
"""Places gained per reply: a window of n grows by n / 10 per round."""
LARGEST_DECREASE = 0.5
CROWDED_AFTER = 16
"""So many 429s in a row without one reply stop the sending for a while."""
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0


class AdaptiveLimit:
    """The places at one endpoint."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.n_in_flight = 0
        self.paused_until = 0.0
        """Until then nothing is sent; on the clock of the caller."""
        self._places = float(most)
        self._decreased_at = float("-inf")
        self._n_replies = 0
        self._n_limited = 0
        self._n_limited_in_a_row = 0

    @property
    def places(self) -> int:
        """Requests that may be in flight now."""
        return max(1, int(self._places))

    def has_room(self, now: float, n_unwritten: int = 0) -> bool:
        """Whether a request may be sent.

        Args:
            now: on the clock of the caller.
            n_unwritten: replies that have come and would be lost with this process; each keeps its place.
        """
        return self.n_in_flight + n_unwritten < self.places and now >= self.paused_until

    def replied(self) -> None:
        """A request was answered with something other than 429."""
        self._n_replies += 1
        self._n_limited_in_a_row = 0
        self._places = min(float(self.most), self._places + INCREASE)

    def limited(self, sent_at: float, now: float) -> None:
        """A request sent at that time was answered with 429."""
        self._n_limited += 1
        self._n_limited_in_a_row += 1
        if self._n_limited_in_a_row % CROWDED_AFTER == 0:
            doublings = min(self._n_limited_in_a_row // CROWDED_AFTER - 1, 16)
            self.paused_until = now + min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**doublings)
        # What was sent before the last decrease says nothing about the window since.
        if sent_at <= self._decreased_at:
            return
        share = self._n_limited / (self._n_limited + self._n_replies)
        self._places = max(1.0, self._places * (1 - min(LARGEST_DECREASE, share)))
        self._decreased_at = now
        self._n_replies = self._n_limited = 0
