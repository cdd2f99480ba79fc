"""A campaign made of plain random numbers, in the form gather writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from isaclib.systems.base import Status

SCHEMES = ("speb-min-fdbf", "speb-min-hbf", "snr-max-hbf", "two-stage-hbf", "sensing-only-fdbf")


def _synthetic(
    path: Path,
    *,
    schemes: tuple[str, ...] = SCHEMES,
    axis: str = "power_dbm",
    values: tuple[float, ...] = (10.0, 20.0, 30.0),
    realisations: int = 40,
    iterations: int = 12,
) -> Path:
    """Write draws whose PEB falls by a factor of ten every 20 dB, a tenth of them infeasible at 10 dBm."""
    rng = np.random.default_rng(5)
    shape = (len(schemes), len(values), realisations)
    dims = ("scheme", axis, "realisation")
    hard = rng.random(realisations)
    penalty = 1.0 + 0.15 * np.arange(len(schemes))[:, None, None]
    scale = 10.0 ** (-(np.asarray(values) - 30.0) / 10.0)[None, :, None] * 2.5e-4
    speb = scale * penalty * np.exp(0.4 * rng.standard_normal((1, 1, realisations)))
    status = np.where(hard < 0.1 * (scale > 1e-3), Status.INFEASIBLE, Status.FEASIBLE) + np.zeros(shape, dtype=int)
    status[0][status[0] == Status.FEASIBLE] = Status.OPTIMAL
    status[1, 0, 3] = Status.FAILED
    status[-1] = Status.VIOLATING
    speb = np.where(status <= Status.VIOLATING, np.broadcast_to(speb, shape), np.nan)
    steps = np.arange(iterations)
    trace = speb[..., None] * (1.0 + 4.0 * np.exp(-0.7 * steps))
    stop = rng.integers(iterations // 2, iterations, shape)
    trace[steps >= stop[..., None]] = np.nan
    error = np.sqrt(speb)[..., None] * rng.standard_normal((*shape, 4))
    data = xr.Dataset(
        {
            "status": (dims, status.astype(np.int8)),
            "speb_m2": (dims, speb, {"units": "m^2", "long_name": "squared position error bound"}),
            "peb_m": (dims, np.sqrt(speb), {"units": "m", "long_name": "position error bound"}),
            "rate": ((*dims, "user"), np.abs(speb[..., None]) * [1e3, 2e3], {"units": "bit/s/Hz", "long_name": "rate"}),
            "iterations": (dims, stop.astype(np.int32), {"units": "1", "long_name": "iterations"}),
            "trace": ((*dims, "iteration"), trace, {"units": "m^2", "long_name": "objective"}),
            "music_error_m": ((*dims, "trial"), np.abs(error), {"units": "m", "long_name": "error of MUSIC"}),
        },
        coords={
            "scheme": list(schemes),
            axis: (axis, list(values), {"units": "dBm", "long_name": "transmit power"}),
            "user": [0, 1],
            "iteration": steps,
        },
        attrs={
            "curves": json.dumps([{"label": name, "scheme": name, "solver": "direct"} for name in schemes]),
            "campaign": "synthetic",
            "system": "hybrid",
            "schema_version": np.int32(1),
            "complete": "yes",
            "title": "Plain random numbers",
            "seed": 5,
            "isaclib_version": "0",
        },
    )
    data.to_netcdf(path)
    seconds = xr.Dataset(
        {"solve_seconds": (dims, rng.random(shape), {"units": "s", "long_name": "time of the solver"})}
    )
    seconds.to_netcdf(path, mode="a", group="timing")
    return path


@pytest.fixture(scope="session")
def synthetic_campaign() -> Callable[..., Path]:
    """Return the writer of synthetic campaigns."""
    return _synthetic
