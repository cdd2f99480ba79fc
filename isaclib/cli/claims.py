"""Claims in the terminal: the table of verdicts, or what is wrong with a file."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from pathlib import Path

from isaclib.campaign.document import CampaignError
from isaclib.systems.base import nearest


def check_claims(path: Path) -> None:
    """Check claims against the files of their campaigns and say how many there are.

    Parameters
    ----------
    path : Path
        File or folder of claims, or a campaign file.

    Raises
    ------
    CampaignError
        One line a mistake.
    """
    from isaclib.campaign.claims.reading import check_all, read_all

    claims = read_all(path)
    check_all(claims)
    words = Counter(claim.test.word if claim.test else "not testable" for claim in claims)
    told = ", ".join(f"{count} {word}" for word, count in words.most_common())
    print(f"{path}: {len(claims)} claim{'s' * (len(claims) != 1)}, all sound" + (f": {told}" if told else ""))


def print_verdicts(path: Path, *, results: Path, system: str | None, verdict: str | None, as_csv: bool) -> None:
    """Judge claims and print a row each, then how many there are of each verdict.

    Parameters
    ----------
    path : Path
        File or folder of claims, or a campaign file.
    results : Path
        Folder of all results.
    system, verdict : str, optional
        Which are printed; all are judged together whatever is printed.
    as_csv : bool
        Print every column as comma-separated values.

    Raises
    ------
    CampaignError
        One line a mistake, in the claims or in what to print.
    """
    from isaclib.campaign.claims.ledger import COLUMNS, VERDICTS, judge, rows

    if verdict is not None and verdict not in VERDICTS:
        raise CampaignError(f"verdict {verdict!r} is unknown: {nearest(verdict, VERDICTS)}")
    verdicts = judge(path, results)
    known = list(dict.fromkeys(found.claim.system for found in verdicts))
    if system is not None and system not in known:
        raise CampaignError(f"system {system!r} has no claims in {path}: {nearest(system, known)}")
    shown = [found for found in verdicts if system in (None, found.claim.system) and verdict in (None, found.verdict)]
    if as_csv:
        writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows(shown))
        return
    _print_table([{key: str(value) for key, value in row.items()} for row in rows(shown)])
    counted = Counter(found.verdict for found in shown)
    print(", ".join(f"{counted[word]} {word}" for word in VERDICTS if counted[word]) or "no claims")


def _print_table(shown: list[dict[str, str]]) -> None:
    from rich import box
    from rich.table import Table

    from isaclib.cli.tables import print_table

    table = Table(box=box.SIMPLE_HEAD, show_lines=True)
    table.add_column("claim", overflow="fold", min_width=16)
    table.add_column("figure", no_wrap=True)
    table.add_column("the paper says", overflow="fold", ratio=2)
    table.add_column("verdict", no_wrap=True)
    table.add_column("found", overflow="fold", ratio=3)
    table.add_column("draws", justify="right", no_wrap=True)
    for row in shown:
        needed = f"\nabout {row['needed']} realisations would decide" if row["needed"] else ""
        table.add_row(row["id"], row["figure"], row["says"], row["verdict"], row["found"] + needed, row["draws"])
    print_table(table)
