"""From costs by arm and seed to decisions about pairs of arms, with intervals, and with the courage to abstain."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEAST_SEEDS = 3
LEVEL = 0.95


@dataclass(frozen=True)
class Difference:
    """A difference of two arms' costs in bits a byte, right minus left.

    half_width  of its 95 % interval: a smaller difference would not show with this much text
    """

    value: float
    half_width: float

    @property
    def low(self) -> float:
        """The lower bound."""
        return self.value - self.half_width

    @property
    def high(self) -> float:
        """The upper bound."""
        return self.value + self.half_width

    @property
    def sign(self) -> int:
        """-1 where right is nearer to the reference, 1 where it is farther, 0 where the interval holds zero."""
        return (self.low > 0) - (self.high < 0)

    def as_dict(self) -> dict[str, float | None]:
        """value, low, high; the bounds are None where chance is not known."""
        known = math.isfinite(self.half_width)
        return {"value": self.value, "low": self.low if known else None, "high": self.high if known else None}


class Costs:
    """The costs of one reference: arms by seeds, all seeds with all arms.

    costs   bits a byte, float64 of shape (arms, seeds)
    shares  of each arm's text that one sample takes, in [0, 1)
    noise   the arms whose residuals say how large chance is: those trained on documents of their own

    Samples are keyed by seed and document, so seeds are easy or hard for all arms alike; what is left after arms and
    seeds (the residual of the two-way layout) is chance. It is pooled over arms: a few seeds of one arm say little.
    Samples from one arm overlap, the more the larger their share f of it, and the arm's text is itself a sample of what
    its recipe would keep elsewhere. Both are made good by f / (1 - f), added to 1 / seeds (the residual of samples
    without replacement is 1 - f of what independent texts would give, and the text's own part, f, is in no residual).
    """

    def __init__(self, costs: np.ndarray, shares: Sequence[float], noise: Sequence[bool]) -> None:
        self.costs = costs
        self.means: np.ndarray = costs.mean(axis=1)
        self.seeds = costs.shape[1]
        self._spread = [1 / self.seeds + share / (1 - share) for share in shares]
        own = costs[np.asarray(noise, dtype=bool)]
        residual = own - own.mean(axis=1, keepdims=True) - own.mean(axis=0, keepdims=True) + own.mean()
        self.freedom = (len(own) - 1) * (self.seeds - 1)
        self.variance = float((residual**2).sum() / self.freedom) if self.freedom > 0 else math.nan

    def difference(self, left: int, right: int) -> Difference:
        """Right minus left, by the numbers of two arms; without an interval (NaN) where chance is not known."""
        value = float(self.means[right] - self.means[left])
        if not self.freedom > 0:
            return Difference(value, math.nan)
        from scipy import stats

        spread = self.variance * (self._spread[left] + self._spread[right])
        return Difference(value, float(stats.t.ppf((1 + LEVEL) / 2, self.freedom)) * math.sqrt(spread))
