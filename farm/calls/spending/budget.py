"""The most that a run may pay: calls exactly, money by reserving each request's largest cost before it is sent."""

import enum
import threading

from farm.calls.spending.ledger import money


class Permit(enum.Enum):
    """Whether a request may be sent."""

    GRANTED = "granted"
    WAIT = "wait"
    """It fits only if requests in flight turn out cheaper than reserved."""
    SPENT = "spent"


class Budget:
    """Reserved before sending, settled afterwards; from any thread.

    Money cannot be exceeded by more than the estimate of prompt tokens errs for the requests in flight, for what a
    reply may cost at most (all of max_tokens) is reserved with it.
    """

    def __init__(self, *, usd: float | None, calls: int | None) -> None:
        self.usd, self.calls = usd, calls
        self._lock = threading.Lock()
        self._n_in_flight = self._n_paid = 0
        self._usd_in_flight = self._usd_paid = 0.0
        self._is_spent = False

    @property
    def is_spent(self) -> bool:
        """Whether a request has been turned away."""
        return self._is_spent

    def reserve(self, usd: float) -> Permit:
        """Ask to send a request once that costs at most so much; when one is turned away, all later ones are."""
        with self._lock:
            if self._is_spent:
                return Permit.SPENT
            fits_calls = self.calls is None or self._n_paid + self._n_in_flight < self.calls
            fits_usd = self.usd is None or self._usd_paid + self._usd_in_flight + usd <= self.usd
            if not (fits_calls and fits_usd):
                may_fit_calls = self.calls is None or self._n_paid < self.calls
                may_fit_usd = self.usd is None or self._usd_paid + usd <= self.usd
                if self._n_in_flight and may_fit_calls and may_fit_usd:
                    return Permit.WAIT
                self._is_spent = True
                return Permit.SPENT
            self._n_in_flight += 1
            self._usd_in_flight += usd
            return Permit.GRANTED

    def settle(self, reserved_usd: float, *, paid_usd: float, is_paid: bool) -> None:
        """A request that was granted has come back."""
        with self._lock:
            self._n_in_flight -= 1
            self._usd_in_flight -= reserved_usd
            self._n_paid += is_paid
            self._usd_paid += paid_usd

    def __str__(self) -> str:
        """What was allowed and what it bought."""
        bounds = [f"budget_usd={self.usd:g}"] if self.usd is not None else []
        bounds += [f"budget_calls={self.calls}"] if self.calls is not None else []
        return f"{' '.join(bounds)} is spent ({self._n_paid} calls, {money(self._usd_paid)})"
