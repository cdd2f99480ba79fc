"""``python -m isaclib``: the command line, and the steps of the workflow."""

import gc
import sys

if sys.argv[1:3] == ["workflow", "run"]:
    # What imports make stays: looking for garbage among it is a tenth of a start. The run itself looks again.
    gc.disable()
if sys.argv[1:2] == ["workflow"]:
    # No step opens a dataset in pieces, yet xarray imports dask where there is one: half a second of each job.
    sys.modules["dask"] = None  # type: ignore[assignment]

from isaclib.cli import app

app()
