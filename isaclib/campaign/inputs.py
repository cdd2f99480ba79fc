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


def file_id(path: str | Path) -> str:
    """Return the hash of a file's content, the same for every name it may have."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:DIGITS]


def keep(inputs: Mapping[Path, str], root: str | Path) -> None:
    """Copy the files that a campaign names to its results; what is there already is not copied again.

    Parameters
    ----------
    inputs : mapping of Path to str
        File to the name it is kept under: its hash when the campaign was read, and an ending.
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
        target = Path(root) / FOLDER / name
        if target.exists() and file_id(target) == target.stem:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with written(target) as partial:
            shutil.copyfile(path, partial)
            if file_id(partial) != target.stem:
                raise CampaignError(f"{path}: changed while the workflow was running: start it again")


def kept(root: str | Path, name: str) -> Path:
    """Return the path of a file that was kept.

    Parameters
    ----------
    root : path
        ``results/<campaign>``.
    name : str
        Its hash and its ending, as `scheme_name` and `channels_name` have them.

    Raises
    ------
    ValueError
        In one line, naming the file, where it is missing or is not what it was.
    """
    path = Path(root) / FOLDER / name
    advice = "`isaclib verify` and the next run of the workflow bring it back"
    if not path.exists():
        raise ValueError(f"{path}: missing: expected what the campaign's file named when it was planned; {advice}")
    if (found := file_id(path)) != path.stem:
        raise ValueError(f"{path}: damaged: its content has the hash {found}; {advice}")
    return path


def scheme_name(file_id: str) -> str:
    """Return the name that the file of a scheme is kept under."""
    return f"{file_id}.py"


def channels_name(file_id: str) -> str:
    """Return the name that a file of channels is kept under."""
    return f"{file_id}.nc"


def names_of(run: Run) -> Iterator[str]:
    """Yield the name of every file that a run reads."""
    if run.scheme_file:
        yield scheme_name(run.scheme_file)
    if run.channels:
        yield channels_name(run.channels)
