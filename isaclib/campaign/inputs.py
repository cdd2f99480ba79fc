"""Files of a person's own that runs read: kept beside the results under their hash, as what they were then.

A run finds its file on any machine that shares the results, and the file named in the campaign may
be edited meanwhile: that is another file, and another plan.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from isaclib.campaign.cells import DIGITS, Run
from isaclib.campaign.document import CampaignError
from isaclib.campaign.writing import written

FOLDER = "inputs"
"""Where they are kept, in ``results/<campaign>``."""

SCHEME_ENDING, CHANNELS_ENDING = ".py", ".nc"


def file_id(path: str | Path) -> str:
    """Return the hash of a file's content, the same for every name it may have."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:DIGITS]


def keep(inputs: Mapping[Path, str], root: str | Path) -> None:
    """Copy the files that a campaign names to its results; what is there already is not copied again.

    Parameters
    ----------
    inputs : mapping of Path to str
        File to the hash it had when the campaign was read.
    root : path
        ``results/<campaign>``.

    Raises
    ------
    CampaignError
        In one line, naming a file that has changed since.
    OSError
        In one line, naming a file that cannot be written.
    """
    for path, name in inputs.items():
        target = Path(root) / FOLDER / f"{name}{path.suffix}"
        if target.exists() and file_id(target) == name:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with written(target) as partial:
            shutil.copyfile(path, partial)
            if file_id(partial) != name:
                raise CampaignError(f"{path}: changed while the workflow was running: start it again")


def kept(root: str | Path, name: str, ending: str) -> Path:
    """Return the path of a file that was kept.

    Parameters
    ----------
    root : path
        ``results/<campaign>``.
    name : str
        Its hash.
    ending : str
        `SCHEME_ENDING` or `CHANNELS_ENDING`.

    Raises
    ------
    ValueError
        In one line, naming the file, where it is missing or is not what it was.
    """
    path = Path(root) / FOLDER / f"{name}{ending}"
    advice = "`isaclib verify` and the next run of the workflow bring it back"
    if not path.exists():
        raise ValueError(f"{path}: missing: expected what the campaign's file named when it was planned; {advice}")
    if (found := file_id(path)) != name:
        raise ValueError(f"{path}: damaged: its content has the hash {found}; {advice}")
    return path


def inputs_of(run: Run) -> Iterator[tuple[str, str]]:
    """Yield hash and ending of every file that a run reads."""
    if run.scheme_file:
        yield run.scheme_file, SCHEME_ENDING
