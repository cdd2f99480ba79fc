"""Time of a MUSIC trial on one core: simulating the echoes, and estimating from them.

    python benchmarks/music.py [--elements 32 128] [--snapshots 100]

One block of realisations a call, the best of several calls, after one that compiles.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from isaclib.physics import arrays, channels, music
from isaclib.systems.hybrid.estimation import ESTIMATORS, search_sector
from isaclib.systems.hybrid.parameters import Parameters
from isaclib.systems.streams import BLOCK, Stream, Streams


def best_ms(function: Callable[[], object], calls: int) -> float:
    function()
    seconds = []
    for _ in range(calls):
        began = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - began)
    return 1e3 * min(seconds) / BLOCK


def measure(elements: int, snapshots: int, calls: int) -> tuple[float, float]:
    parameters = Parameters(elements=elements, snapshots=snapshots)
    array = arrays.uniform_linear(elements, parameters.element_spacing_m)
    response = arrays.spherical_response(array, np.array(parameters.target_m), parameters.wavelength_m)
    beamformers = np.sqrt(parameters.power_w / elements) * response[:, None]
    streams = Streams(1, 0, BLOCK)
    angle, distance = search_sector(parameters, ESTIMATORS["music"].options)

    def simulate() -> np.ndarray:
        symbols = streams.complex_normal(Stream.SYMBOLS, (1, snapshots), 0)
        noise = np.sqrt(parameters.noise_w) * streams.complex_normal(Stream.NOISE, (elements, snapshots), 0)
        return channels.monostatic_echo(response, beamformers, symbols, noise, parameters.reflection)

    echoes = simulate()

    def estimate() -> np.ndarray:
        return music.locate(echoes, array, parameters.wavelength_m, angle_sector_rad=angle, range_sector_m=distance)

    return best_ms(simulate, calls), best_ms(estimate, calls)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--elements", type=int, nargs="+", default=[16, 32, 64, 128])
    parser.add_argument("--snapshots", type=int, default=100)
    parser.add_argument("--calls", type=int, default=10)
    chosen = parser.parse_args()
    print("elements  echoes  MUSIC   total   (ms a trial)")
    for elements in chosen.elements:
        echoes, estimate = measure(elements, chosen.snapshots, chosen.calls)
        print(f"{elements:8d}  {echoes:6.3f}  {estimate:6.3f}  {echoes + estimate:6.3f}")


if __name__ == "__main__":
    main()
