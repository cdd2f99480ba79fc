"""Whether kernels have become slower, from times of two versions that were measured side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

LIMIT = 1.10
"""Largest ratio of new to old time."""

ROUNDS = 3
CALLS = 20
"""Of each kernel on each side in the first round."""

Times = tuple[list[float], list[float]]
"""CPU seconds of the calls of one kernel: at the baseline, now."""


@dataclass(frozen=True)
class Verdict:
    """Least CPU seconds of a call at the baseline and now, of the round with the least ratio."""

    old: float
    new: float

    @property
    def ratio(self) -> float:
        """New over old."""
        return self.new / self.old

    @property
    def slower(self) -> bool:
        """Whether it is above the limit."""
        return self.ratio > LIMIT


def judge(measure: Callable[[list[str], int], Mapping[str, Times]], names: Iterable[str]) -> dict[str, Verdict]:
    """Measure kernels until each has been within the limit once, or above it in every round.

    Other work on a machine makes calls slower, never faster: the least of many short calls is what is compared, of
    twice as many in each further round. What is left, where a process happens to lie in memory, stays for its life:
    each round has to start new ones.

    Parameters
    ----------
    measure : callable
        ``measure(names, calls)`` times so many calls of those kernels, in processes of their own.
    names : iterable of str
        Kernels.

    Returns
    -------
    dict of str to Verdict
        Of the kernels that were measured.
    """
    verdicts: dict[str, Verdict] = {}
    suspects = list(names)
    for turn in range(ROUNDS):
        if not suspects:
            break
        for name, (old, new) in measure(suspects, CALLS << turn).items():
            found = Verdict(min(old), min(new))
            verdicts[name] = min(found, verdicts.get(name, found), key=lambda verdict: verdict.ratio)
        suspects = [name for name, found in verdicts.items() if found.slower]
    return verdicts
