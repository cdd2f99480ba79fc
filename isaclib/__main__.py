"""``python -m isaclib``: the command line, and the steps of the workflow."""

import sys

if sys.argv[1:2] == ["workflow"]:
    # No step opens a dataset in pieces, yet xarray imports dask where there is one: half a second of each job.
    sys.modules["dask"] = None  # type: ignore[assignment]

from isaclib.cli import app

app()
