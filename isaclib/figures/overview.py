"""All campaigns on one page: draws by status, verdicts, core-hours, memory, versions; nothing is left out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path

import numpy as np

from isaclib.campaign.claims.ledger import VERDICTS
from isaclib.campaign.spent import Spent
from isaclib.campaign.writing import write_atomically
from isaclib.figures.account import Account
from isaclib.figures.draws import COSTS, STATUSES, cost_cells, counts, percent, status_cells
from isaclib.figures.html import Html, page, table
from isaclib.systems.base import HAS_DESIGN


def write_overview(accounts: Sequence[Account], path: Path) -> None:
    """Write the page on all campaigns, whole or not at all.

    Parameters
    ----------
    accounts : sequence of Account
        Of every campaign.
    path : Path
        Written.

    Raises
    ------
    OSError
        Where it cannot be written.
    """
    parts = [
        f"<h2>Campaigns</h2>\n{_campaigns(accounts)}",
        f"<h2>Draws by status</h2>\n{_statuses(accounts)}",
        f"<h2>Time of each solver</h2>\n{_solvers(accounts)}",
        "<p><small>Core time is that of all jobs, estimates included; each: that time over the number of draws. "
        "Draws that a campaign took over from another one are told of in both.</small></p>",
        f"<h2>What made the runs</h2>\n{_versions(accounts)}",
    ]
    write_atomically(path, page("What was run", *parts).encode())


def _campaigns(accounts: Iterable[Account]) -> Html:
    rows: list[list[object]] = []
    everything: list[Spent] = []
    together = Counter[str]()
    draws = designs = 0
    for account in accounts:
        numbers = np.sum(list(counts(account.summary).values()), axis=0)
        verdicts = Counter(row["verdict"] for row in account.claims)
        name = Html(f"<b>{escape(account.campaign.name)}</b><br><small>{escape(account.campaign.title)}</small>")
        total, found = int(numbers.sum()), int(numbers[list(HAS_DESIGN)].sum())
        rows.append([name, *_row(total, found, verdicts, account.curves)])
        draws, designs = draws + total, designs + found
        together += verdicts
        everything += account.curves
    rows.append([Html("<b>all</b>"), *_row(draws, designs, together, everything)])
    return table(["campaign", "draws", "with a design", *(f"claims: {word}" for word in VERDICTS[:3]), *COSTS], rows)


def _row(draws: int, designs: int, verdicts: Counter[str], curves: Sequence[Spent]) -> Iterator[object]:
    yield from (f"{draws:,}", percent(designs / max(draws, 1)))
    yield from (verdicts[word] if verdicts else "" for word in VERDICTS[:3])
    yield from cost_cells(curves)


def _statuses(accounts: Iterable[Account]) -> Html:
    rows = [
        [account.campaign.name, label, f"{numbers.sum():,}", *status_cells(numbers)]
        for account in accounts
        for label, numbers in counts(account.summary).items()
    ]
    return table(["campaign", "scheme", "draws", *STATUSES], rows, words=2)


def _solvers(accounts: Iterable[Account]) -> Html:
    found: dict[tuple[str, str, str], list[Spent]] = defaultdict(list)
    for account in accounts:
        for curve in account.curves:
            found[account.campaign.system, curve.scheme, curve.solver].append(curve)
    rows = [
        [*names, f"{sum(curve.draws for curve in curves):,}", *cost_cells(curves)] for names, curves in found.items()
    ]
    return table(["system", "scheme", "solver", "draws", *COSTS], rows, words=3)


def _versions(accounts: Iterable[Account]) -> Html:
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for account in accounts:
        made = account.summary.attrs
        keys = ("runs_isaclib_versions", "runs_git_commits", "runs_packages")
        found[tuple(str(made[key]) for key in keys)].append(account.campaign.name)
    rows = [[", ".join(names), *made] for made, names in found.items()]
    return table(["campaigns", "isaclib", "commit", "packages"], rows, words=4)
