"""Whether kernels have become slower, from times of two versions that were measured side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

LIMIT = 1.10
ROUNDS = 3

Times = tuple[list[float], list[float]]
"""CPU seconds of the calls of one kernel: at the baseline, now."""


@dataclass(frozen=True)
class Verdict:
    """What was found of one kernel.

    Parameters
    ----------
    old, new : float
        Least CPU seconds of a call, of the round with the least ratio.
    slower : bool
        Above the limit in every round.
    """

    old: float
    new: float
    slower: bool

    @property
    def ratio(self) -> float:
        """New over old."""
        return self.new / self.old


def judge(
    measure: Callable[[list[str]], Mapping[str, Times]],
    names: Iterable[str],
    *,
    limit: float = LIMIT,
    rounds: int = ROUNDS,
) -> dict[str, Verdict]:
    """Measure kernels until each has been within the limit once, or beyond it in every round.

    Other work on a machine makes calls slower, never faster: the least of many short calls is what is compared. What
    is left, where a process happens to lie in memory, stays for its life: each round has to start new ones.

    Parameters
    ----------
    measure : callable
        ``measure(names)`` times those kernels in processes of their own.
    names : iterable of str
        Kernels.
    limit : float
        Largest ratio of the new time to the old.
    rounds : int
        At least 1.

    Returns
    -------
    dict of str to Verdict
    """
    verdicts: dict[str, Verdict] = {}
    suspects = list(names)
    for _ in range(rounds):
        for name, (old, new) in measure(suspects).items() if suspects else ():
            found = Verdict(min(old), min(new), slower=min(new) > limit * min(old))
            if name not in verdicts or found.ratio < verdicts[name].ratio:
                verdicts[name] = found
        suspects = [name for name, found in verdicts.items() if found.slower]
    return verdicts
