"""Draw the pictures of docs/gallery.md: ``python docs/gallery.py [results] [name ...]``.

Those of stored campaigns need hybrid-fig2, hybrid-fig3 and hybrid-tradeoff in the folder of results (default
``results``); ``make run`` makes them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

import isaclib
from isaclib import figures

IMAGES = Path(__file__).with_name("images")
SCHEMES = {"hybrid": "speb-min-hbf", "modular": "hybrid-beamforming", "stars": "joint-design"}
SEED = 7


def panels(height: float) -> tuple[Figure, np.ndarray]:
    """Three axes side by side, as wide as a page."""
    page, axes = plt.subplots(1, 3, figsize=(7.2, height), layout="constrained")
    page.get_layout_engine().set(wspace=0.06)
    return page, axes


def drawn(system_name: str) -> tuple[Any, Any]:
    """One scenario and its design."""
    system = isaclib.get_system(system_name)
    scenario = system.draw(system.Parameters(), seed=SEED)
    return scenario, system.design(scenario, scheme=SCHEMES[system_name])


def geometry() -> Figure:
    """Three scenarios seen from above."""
    page, axes = panels(2.9)
    for name, ax in zip(SCHEMES, axes, strict=True):
        system = isaclib.get_system(name)
        figures.geometry(system.draw(system.Parameters(), seed=SEED), ax=ax)
    return page


def beampattern() -> Figure:
    """One design of each system."""
    page, axes = panels(2.5)
    figures.beampattern(*drawn("hybrid"), ax=axes[0])
    around = {"ranges_m": np.linspace(20.0, 45.0, 301), "angles_deg": np.linspace(1.0, 13.0, 1201)}
    figures.beampattern(*drawn("modular"), **around, ax=axes[1])
    figures.beampattern(*drawn("stars"), view="plan", ax=axes[2])
    return page


def music_spectrum() -> Figure:
    """One trial of each system."""
    page, axes = panels(2.5)
    around = {"ranges_m": np.linspace(4.0, 20.0, 241), "angles_deg": np.linspace(-4.0, 4.0, 241)}
    figures.music_spectrum(*drawn("hybrid"), **around, ax=axes[0])
    around = {"ranges_m": np.linspace(28.5, 31.5, 241), "angles_deg": np.linspace(9.5, 10.5, 241)}
    figures.music_spectrum(*drawn("modular"), **around, ax=axes[1])
    figures.music_spectrum(*drawn("stars"), angles_deg=np.linspace(-60.0, 60.0, 1201), ax=axes[2])
    return page


def convergence(results: Path) -> Figure:
    """One scheme over its iterations for three numbers of RF chains."""
    return figures.convergence(results / "hybrid-fig2", series="rf_chains", log_x=True).figure


def tradeoff(results: Path) -> Figure:
    """Sum-rate against position error bound."""
    ax = figures.tradeoff(results / "hybrid-tradeoff", x="peb_m", y="sum_rate", along="level", log_x=True)
    return ax.figure


def ecdf(results: Path) -> Figure:
    """Position error bounds of four schemes."""
    return figures.ecdf(results / "hybrid-fig3", "peb_m", power_dbm=20, log_x=True).figure


def main(results: Path, names: list[str]) -> None:
    """Draw the pictures named, or all."""
    matplotlib.use("agg")
    of_campaigns: dict[str, Callable[[Path], Figure]] = {"convergence": convergence, "tradeoff": tradeoff, "ecdf": ecdf}
    of_draws: dict[str, Callable[[], Figure]] = {
        "geometry": geometry,
        "beampattern": beampattern,
        "music_spectrum": music_spectrum,
    }
    # the looks of a paper; without it a picture looks as matplotlib is set
    with figures.style.context():
        for name in names or (*of_draws, *of_campaigns):
            page = of_draws[name]() if name in of_draws else of_campaigns[name](results)
            page.savefig(IMAGES / f"gallery-{name.replace('_', '-')}.png", dpi=200, metadata={"Software": "isaclib"})
            plt.close(page)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results"), sys.argv[2:])
