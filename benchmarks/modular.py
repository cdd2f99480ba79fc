"""Time the system ``modular`` on one core, and certify its dual on random problems.

OPENBLAS_NUM_THREADS=1 python benchmarks/modular.py --batch 1000 --problems 10000

CPU time of this process, the least of several runs, so that other work on the machine counts little;
kernels are compiled before. The random problems have nothing of a channel model: user arrays of 2 to 8
antennas, any number of streams, up to 5 interferers, some of them almost or quite at another object,
channels and steering vectors in general position, dependent or invisible to each other, thresholds up to
0.999 of the largest. Every design is judged by formulas written out here.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

import numpy as np

import isaclib
from isaclib.systems.modular.dual import solve_many


def seconds(function: Callable[[], object], repeats: int = 3) -> tuple[float, object]:
    spent = []
    for _ in range(repeats):
        began = time.process_time()
        result = function()
        spent.append(time.process_time() - began)
    return min(spent), result


def times(batch: int, seed: int) -> None:
    system = isaclib.get_system("modular")
    parameters = system.Parameters()
    for scheme in system.schemes:  # compiles the kernels
        warm = system.draw(parameters, seed=seed, start=0, stop=2)
        system.evaluate(warm, system.design(warm, scheme=scheme))
    drawn, scenario = seconds(lambda: system.draw(parameters, seed=seed, start=0, stop=batch))
    print(f"default parameters (N = {parameters.elements}, N_u = {parameters.user_antennas}), batch {batch}")
    print(f"{'draw':>20} {1e6 * drawn / batch:8.1f} us a realisation")
    for scheme in system.schemes:
        spent, design = seconds(lambda name=scheme: system.design(scenario, scheme=name))
        measured, metrics = seconds(lambda d=design: system.evaluate(scenario, d))
        print(
            f"{scheme:>20} {1e6 * spent / batch:8.1f} us a design, {1e6 * measured / batch:6.1f} us its evaluation; "
            f"largest gap {float(metrics['gap'].max()):.1e}, largest violation "
            f"{float(metrics['violation'].max()):.1e}"
        )


def problems(count: int, seed: int) -> Iterator[tuple[float, float, float, str]]:
    """Relative gap, SCNR short of the threshold and power above the limit of random problems, and what they are."""
    rng = np.random.default_rng(seed)
    done = 0
    while done < count:
        users, objects = int(rng.integers(2, 9)), int(rng.integers(1, 7))
        streams = int(rng.integers(1, users + 1))
        size = int(rng.integers(max(2, streams), 33))
        channel = complex_normal(rng, users, size) * 10.0 ** rng.uniform(-2.0, 2.0)
        steering = complex_normal(rng, objects, size)
        kind = str(rng.choice(["general", "general", "weak", "close", "twice", "invisible", "aligned"]))
        if kind == "weak":
            channel = channel * 10.0 ** rng.uniform(-4.0, 0.0, (users, 1))
        if kind == "close" and objects > 1:
            steering[-1] = steering[-2] + 10.0 ** rng.uniform(-8.0, -1.0) * complex_normal(rng, size)
        if kind == "twice" and objects > 2:
            steering[-1] = steering[-2]
        if kind == "invisible" and users < size:
            space = np.linalg.svd(channel)[2][users:].conj().T
            steering[0] = space @ complex_normal(rng, space.shape[1])
        if kind == "aligned":
            channel[0] = steering[0].conj()
        threshold = 10.0 ** rng.uniform(-1.0, 3.0)
        weights = 10.0 ** rng.uniform(-2.0, 2.0, objects)
        signed = np.concatenate([weights[:1], -threshold * weights[1:]])
        matrix = np.einsum("q,qn,qm->nm", signed, steering, steering.conj())
        largest = float(np.linalg.eigvalsh(matrix)[-1])
        if not largest > 1e-9 * np.abs(signed).max():
            continue  # clutter everywhere: nothing to ask for
        done += 1
        share = 1.0 - 10.0 ** rng.uniform(-3.0, 0.0) if rng.random() < 0.7 else rng.uniform(0.0, 0.999)
        power = 10.0 ** rng.uniform(-1.0, 1.0)
        needed = max(share, 1e-6) * largest * power
        beams = np.full((1, size, streams), np.nan + 0j)
        bound, reach, evaluations = np.empty(1), np.empty(1), np.zeros(1, dtype=np.int64)
        batch = channel[None], steering[None], signed[None], np.array([needed])
        solve_many(*batch, power, beams, bound, reach, evaluations)
        received = channel @ beams[0]
        # keeps its digits where next to nothing is received
        rate = float(np.sum(np.log1p(np.linalg.eigvalsh(received.conj().T @ received).clip(0.0))))
        lit = np.sum(np.abs(steering.conj() @ beams[0]) ** 2, axis=1)
        yield (
            abs(bound[0] - rate) / bound[0],
            1.0 - float(signed @ lit) / needed,
            float(np.sum(np.abs(beams) ** 2)) / power - 1.0,
            f"{kind}, N_u = {users}, N_s = {streams}, n = {size}, {objects - 1} interferers, "
            f"{share:.6f} of the largest, {evaluations[0]} evaluations",
        )


def complex_normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2.0)


def study(count: int, seed: int) -> None:
    rows = list(problems(count, seed))
    gaps, short, excess = (np.array([row[i] for row in rows]) for i in range(3))
    print(f"{len(rows)} random problems: {np.mean(gaps <= 1e-9):.3%} certified to 1e-9, {np.max(gaps):.1e} the worst")
    for name, values in (("gap", gaps), ("SCNR short", short), ("power above", excess)):
        # what is not a number is the worst
        worst = int(np.argmax(np.where(np.isnan(values), np.inf, values)))
        print(f"{'worst ' + name:>20} {values[worst]:.1e}: {rows[worst][3]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--problems", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    times(arguments.batch, arguments.seed)
    study(arguments.problems, arguments.seed)


if __name__ == "__main__":
    main()
