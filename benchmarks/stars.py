"""Time the system ``stars`` on one core, compare its solvers, and certify its bound on the cost.

OPENBLAS_NUM_THREADS=1 python benchmarks/stars.py --batch 1000 --reference-draws 6 --problems 200

CPU time of this process, the least of several runs, so that other work on the machine counts little;
kernels are compiled before. The reference solver takes seconds a draw: `--reference-draws 0` leaves it out.

The problems of the certificate have nothing of a channel model between base station and surface: entries
in general position, rank deficient, with dark elements, of few or many antennas, at random weights of the
cost and rates up to 0.999 of the largest, with sensors free to be designed or few and close. From the
scheme's design or, where no rate is asked, from a random one, designs of one to three beams are improved by
random steps that keep the rate; cost and rate are those of formulas written out here. No design may cost
less than the bound. One that costs less than the scheme's shows what a single beam, or the light that the
beam is made for, leaves to be had.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

import isaclib
from isaclib.systems.base import Status

CHANNELS = {"line of sight": {}, "Rician": {"bs_star_channel": "rician"}, "exact response": {"response": "exact"}}
GOALS_US = {"line of sight": 20.0, "Rician": 100.0}


def seconds(function: Callable[[], Any], repeats: int = 3) -> tuple[float, Any]:
    spent = []
    for _ in range(repeats):
        began = time.process_time()
        result = function()
        spent.append(time.process_time() - began)
    return min(spent), result


def times(batch: int, seed: int) -> None:
    system = isaclib.get_system("stars")
    for channel, values in CHANNELS.items():
        parameters = system.Parameters(**values)
        for scheme in system.schemes:  # compiles the kernels
            warm = system.draw(parameters, seed=seed, start=0, stop=2)
            system.evaluate(warm, system.design(warm, scheme=scheme))
        drawn, scenario = seconds(lambda p=parameters: system.draw(p, seed=seed, start=0, stop=batch))
        goal = f"; goal {GOALS_US[channel]:g} us for joint-design" if channel in GOALS_US else ""
        print(f"{channel} (N = {parameters.star_elements}, M = {parameters.bs_antennas}), batch {batch}{goal}")
        print(f"{'draw':>20} {1e6 * drawn / batch:8.1f} us")
        heads = ("design, us", "evaluate, us", "optimal", "cost gap", "90 %", "largest", "light gap", "violation")
        print(f"{'':>20}" + "".join(f"{head:>14}" for head in heads))
        for scheme in system.schemes:
            spent, design = seconds(lambda name=scheme, s=scenario: system.design(s, scheme=name))
            measured, data = seconds(lambda d=design, s=scenario: system.evaluate(s, d))
            designed = data.status <= Status.FEASIBLE
            gaps = np.quantile(data.gap[designed], [0.5, 0.9, 1.0])
            print(
                f"{scheme:>20}{1e6 * spent / batch:14.1f}{1e6 * measured / batch:14.1f}"
                f"{float((data.status == Status.OPTIMAL).mean()):14.1%}"
                + "".join(f"{gap:14.1e}" for gap in gaps)
                + f"{float(data.illumination_gap.max()):14.1e}{float(data.violation.max()):14.1e}"
            )
        print(flush=True)


def solvers(draws: int, reference_draws: int, seed: int) -> None:
    """Compare the other solvers of the joint design with the default one, draw by draw for the reference."""
    system = isaclib.get_system("stars")
    scheme = system.scheme("joint-design")
    for channel in ("line of sight", "Rician"):
        parameters = system.Parameters(**CHANNELS[channel])
        for solver in list(scheme.solvers)[1:]:
            reference = solver == "penalty-sdp"
            count = reference_draws if reference else draws
            for deployment in ("sca-gp", "enumerate") if reference else ("enumerate",):
                if count == 0:
                    continue
                options = {"deployment": deployment}
                warm = system.draw(parameters, seed=seed, stop=1)
                system.design(warm, scheme="joint-design", solver=solver, options=options)
                scenario = system.draw(parameters, seed=seed, start=0, stop=count)
                best = system.design(scenario, scheme="joint-design")
                began = time.process_time()
                other = system.design(scenario, scheme="joint-design", solver=solver, options=options)
                spent = (time.process_time() - began) / count
                data = system.evaluate(scenario, other)
                ratio = other.objective / best.objective
                print(f"{solver}, {channel}, sensors by {deployment}: {1e3 * spent:.1f} ms a draw (CPU)")
                if reference:
                    print(f"{'draw':>6}{'closed-form':>14}{solver:>14}{'ratio':>12}{'seconds':>10}{'violation':>12}")
                    for draw in range(count):
                        print(
                            f"{draw:6d}{best.objective[draw]:14.6f}{other.objective[draw]:14.6f}{ratio[draw]:12.6f}"
                            f"{other.solve_seconds[draw]:10.2f}{float(data.violation[draw].max()):12.1e}"
                        )
                both = np.isfinite(ratio)
                low, middle, high = np.quantile(ratio[both], [0.0, 0.5, 1.0])
                print(
                    f"  cost over that of closed-form: median {middle:.6f}, from {low:.6f} to {high:.6f}, at most "
                    f"1 + 1e-3 on {np.mean(ratio[both] <= 1.001):.1%} of {both.sum()} draws; "
                    f"largest violation {float(data.violation.max()):.1e}"
                )
                print(flush=True)


def accuracy(draws: int, seed: int) -> None:
    """Compare the closed form of the SPEB with the exact one."""
    system = isaclib.get_system("stars")
    print(f"closed form over exact SPEB, {draws} draws")
    print(f"{'response':>10}{'beams':>10}{'within 1 %':>12}{'median':>10}{'1 %':>10}{'99 %':>10}")
    for response in ("fresnel", "exact"):
        scenario = system.draw(system.Parameters(response=response), seed=seed, start=0, stop=draws)
        focused = system.design(scenario, scheme="joint-design")
        rng = np.random.default_rng(seed)
        scattered = replace(
            focused,
            active=complex_normal(rng, *focused.active.shape),
            reflection=np.sqrt(0.5) * np.exp(2j * np.pi * rng.random(focused.reflection.shape)),
            transmission=np.sqrt(0.5) * np.exp(2j * np.pi * rng.random(focused.reflection.shape)),
        )
        for name, design in (("focused", focused), ("random", scattered)):
            data = system.evaluate(scenario, design)
            ratio = (data.speb_closed_form_m2 / data.speb_m2).values
            ratio = ratio[np.isfinite(ratio)]
            low, middle, high = np.quantile(ratio, [0.01, 0.5, 0.99])
            inside = np.mean(np.abs(ratio - 1.0) <= 0.01)
            print(f"{response:>10}{name:>10}{inside:12.1%}{middle:10.4f}{low:10.4f}{high:10.4f}")
    print(flush=True)


def complex_normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2.0)


class Problem:
    """Cost and rate of designs, by formulas of its own: efim or known-beta, one user, one target."""

    def __init__(self, scenario: Any) -> None:
        p = scenario.parameters
        self.p, self.scenario = p, scenario
        k0, r, th = p.wavenumber, scenario.target_range_m[:, None], scenario.target_angle_rad[:, None]
        y = (np.arange(p.star_elements) - (p.star_elements - 1) / 2.0) * p.element_spacing_m
        if p.response == "fresnel":
            a = np.exp(1j * k0 * (y * np.sin(th) - y**2 * np.cos(th) ** 2 / (2.0 * r)))
            along = 1j * k0 * y**2 * np.cos(th) ** 2 / (2.0 * r**2) * a
            across = 1j * k0 * (y * np.cos(th) + y**2 * np.cos(th) * np.sin(th) / r) * a
        else:
            apart = np.sqrt(r**2 - 2.0 * r * y * np.sin(th) + y**2)
            outward, sideways = (r - y * np.sin(th)) / apart, -r * y * np.cos(th) / apart
            a = r / apart * np.exp(-1j * k0 * (apart - r))
            along = a * (1.0 / r - outward / apart - 1j * k0 * (outward - 1.0))
            across = -a * sideways * (1.0 / apart + 1j * k0)
        self.responses = np.stack([a, along, across], axis=1)
        self.user = scenario.user_gain[:, None] * scenario.user_response
        self.channel = np.broadcast_to(scenario.bs_star_channel, (len(scenario), p.star_elements, p.bs_antennas))
        if p.sensors:
            self.sensors, self.spacing_m = np.array([p.sensors]), p.sensor_spacing_wavelengths * p.wavelength_m
        else:
            self.sensors = np.arange(3, min(p.max_sensors, int(2.0 * p.aperture_wavelengths + 1e-9)) + 1)
            self.spacing_m = p.aperture_m / self.sensors

    def attained(self, active: np.ndarray, reflection: np.ndarray, transmission: np.ndarray) -> tuple[Any, Any]:
        """Cost under the best sensors, and rate, shape (B,)."""
        p, s = self.p, self.scenario
        field = self.channel @ active
        w = (self.responses * reflection[:, None]) @ field
        gram = w @ np.conj(np.swapaxes(w, 1, 2))
        p00 = gram[:, 0, 0].real[:, None]
        n, x = self.sensors.astype(float), self.spacing_m**2
        cosine, r = np.cos(s.target_angle_rad)[:, None], s.target_range_m[:, None]
        kappa, slope = p.wavenumber * cosine**2 / (2.0 * r**2), p.wavenumber * cosine
        s2, s4 = n * (n**2 - 1) / 12.0, n * (n**2 - 1) * (3 * n**2 - 7) / 240.0
        raw = [gram[:, i, i].real[:, None] for i in (1, 2)]
        aside = [raw[i - 1] - np.abs(gram[:, i, 0, None]) ** 2 / p00 for i in (1, 2)]
        if p.bound == "efim":
            along = p00 * (kappa * x) ** 2 * (s4 - s2**2 / n) + n * aside[0]
            across = p00 * slope**2 * x * s2 + n * aside[1]
        else:
            turn = (1j * np.conj(gram[:, 1, 0])).real[:, None]
            along = p00 * (kappa * x) ** 2 * s4 + n * raw[0] + 2.0 * kappa * x * s2 * turn
            across = p00 * slope**2 * x * s2 + n * raw[1]
        scale = 2.0 * p.snapshots * s.reflection[:, None] ** 2 / p.noise_w
        speb = 1.0 / (scale * along) + r**2 / (scale * across)
        cost = np.min(p.weight * speb / p.speb_scale_m2 + (1.0 - p.weight) * n / p.max_sensors, axis=1)
        received = np.abs(np.sum((self.user * transmission)[..., None] * field, axis=1)) ** 2
        return cost, np.log2(1.0 + received[:, 0] / (received[:, 1:].sum(axis=1) + p.noise_w))


def random_scenario(rng: np.random.Generator, draws: int) -> tuple[Any, str]:
    system = isaclib.get_system("stars")
    elements, antennas = 2 * int(rng.integers(2, 17)), int(rng.integers(1, 13))
    values: dict[str, Any] = {
        "star_elements": elements,
        "bs_antennas": antennas,
        "weight": float(rng.choice([1.0, rng.uniform(0.01, 0.99)])),
        "speb_scale_m2": 10.0 ** rng.uniform(-5.0, 1.0),
        "bound": str(rng.choice(["efim", "efim", "known-beta"])),
        "target_range_m": (10.0 ** rng.uniform(-0.4, 0.0), 6.0),
        "user_range_m": (10.0 ** rng.uniform(-0.4, 0.0), 6.0),
        "power_dbm": rng.uniform(0.0, 40.0),
        "response": str(rng.choice(["fresnel", "exact"])),
    }
    few = bool(rng.random() < 0.3)
    if few:
        values |= {"sensors": min(int(rng.integers(3, 9)), elements), "sensor_spacing_wavelengths": 0.5}
    kind = str(rng.choice(["general", "poor", "dark", "near", "common"]))
    if kind == "near":
        values |= {"bs_distance_m": rng.uniform(0.1, 1.0), "bs_spacing_wavelengths": rng.uniform(0.5, 8.0)}
    seed = int(rng.integers(1 << 30))
    scenario = system.draw(system.Parameters(**values), seed=seed, stop=draws)
    if kind != "near":
        channel = 1e-3 * complex_normal(rng, draws, elements, antennas)
        if kind == "poor":
            rank = int(rng.integers(1, antennas + 1))
            strength = 10.0 ** rng.uniform(-3.0, 0.0)
            channel = strength * channel + complex_normal(rng, draws, elements, rank) @ (
                1e-3 * complex_normal(rng, draws, rank, antennas)
            )
        if kind == "dark":
            channel *= 10.0 ** rng.uniform(-4.0, 0.0, (draws, elements, 1))
        scenario = replace(scenario, bs_star_channel=channel[0] if kind == "common" else channel)
    sensors = f", {values['sensors']} sensors half a wavelength apart" if few else ""
    return scenario, f"{kind}, N = {elements}, M = {antennas}, {values['response']}{sensors}"


def asking(scenario: Any, scheme: str, share: float) -> Any:
    """Ask for a share of the largest rate of the worst draw."""
    system = isaclib.get_system("stars")
    free = replace(scenario, parameters=replace(scenario.parameters, min_rate_bps_hz=0.0))
    reach = system.design(free, scheme=scheme).reachable_rate.min()
    return replace(scenario, parameters=replace(scenario.parameters, min_rate_bps_hz=float(share * reach)))


def wander(
    problem: Problem, design: Any, rng: np.random.Generator, steps: int, beams: int
) -> tuple[np.ndarray, np.ndarray]:
    """Least cost and largest illumination met on a random walk that keeps the rate, shape (B,)."""
    p = problem.p
    phases = np.stack([np.angle(design.reflection), np.angle(design.transmission)])
    split = np.arctan2(np.abs(design.transmission), np.abs(design.reflection))
    halves = bool(np.all((np.abs(design.reflection) < 1e-12) | (np.abs(design.transmission) < 1e-12)))
    active = np.pad(design.active[..., :1], ((0, 0), (0, 0), (0, beams - 1)))
    size = np.sqrt(p.power_w / p.bs_antennas)
    if beams > 1 and p.min_rate_bps_hz == 0.0 and rng.random() < 0.5:
        # anywhere: what lights the target most may be far from what several beams do best
        active = complex_normal(rng, *active.shape)
        active *= np.sqrt(p.power_w / np.sum(np.abs(active) ** 2, axis=(1, 2), keepdims=True))
        phases = 2.0 * np.pi * rng.random(phases.shape)

    def of(phases: np.ndarray, split: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.cos(split) * np.exp(1j * phases[0]), np.sin(split) * np.exp(1j * phases[1])

    def light(active: np.ndarray, reflection: np.ndarray) -> np.ndarray:
        field = (problem.responses[:, 0] * reflection)[:, None] @ (problem.channel @ active)
        return np.sum(np.abs(field) ** 2, axis=(1, 2))

    reflection, transmission = of(phases, split)
    least, _ = problem.attained(active, reflection, transmission)
    lit = light(active, reflection)
    for _ in range(steps):
        step = 10.0 ** rng.uniform(-4.0, 0.0, (len(least), 1, 1))
        move = str(rng.choice(["one beam", "one beam", "beams", "surface", "all"]))
        chosen = rng.random((len(least), 1, beams)).argsort(axis=-1) < (1 if move == "one beam" else beams)
        moved = active + size * step * complex_normal(rng, *active.shape) * (chosen & (move != "surface"))
        moved *= np.sqrt(p.power_w / np.sum(np.abs(moved) ** 2, axis=(1, 2), keepdims=True))
        some = step[:, 0] * (rng.random(split.shape) < 10.0 ** rng.uniform(-1.0, 0.0)) * (move in ("surface", "all"))
        turned = phases + some * rng.standard_normal(phases.shape)
        shifted = split + some * rng.standard_normal(split.shape) * (not halves)
        reflection, transmission = of(turned, shifted)
        cost, rate = problem.attained(moved, reflection, transmission)
        met = rate >= p.min_rate_bps_hz
        lit = np.where(met, np.maximum(lit, light(moved, reflection)), lit)
        better = met & (cost < least)
        least = np.where(better, cost, least)
        active[better], phases[:, better], split = (
            moved[better],
            turned[:, better],
            np.where(better[:, None], shifted, split),
        )
    return least, lit


def problems(count: int, steps: int, seed: int) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray, str]]:
    """Bound over least cost met, bound over the scheme's cost, illumination met over its bound, and what it was."""
    system = isaclib.get_system("stars")
    rng = np.random.default_rng(seed)
    for _ in range(count):
        scenario, text = random_scenario(rng, 8)
        share = float(rng.choice([0.0, 1.0 - 10.0 ** rng.uniform(-3.0, 0.0)]))
        for scheme in ("joint-design", "conventional-ris"):
            asked = asking(scenario, scheme, share)
            design = system.design(asked, scheme=scheme)
            beams = int(rng.integers(1, 4))
            least, lit = wander(Problem(asked), design, rng, steps, beams)
            kind = ", ".join(
                [
                    scheme,
                    asked.parameters.bound,
                    "few sensors" if asked.parameters.sensors else "sensors designed",
                    "one beam" if beams == 1 else "several beams",
                ]
            )
            label = f"{text}, rate {share:.4f} of the largest, {beams} beams"
            yield kind, design.bound / least, design.bound / design.objective, lit / design.illumination_bound, label


def study(count: int, steps: int, seed: int) -> None:
    rows = list(problems(count, steps, seed))
    print(
        f"{count} random problems of 8 draws, {steps} random steps each; cheaper: walks that cost less than the scheme"
    )
    heads = ("certified", "median gap", "cheaper", "by at most", "bound / cost - 1", "light / bound - 1")
    print(f"{'':>64}" + "".join(f"{head:>18}" for head in heads))
    for kind in sorted({row[0] for row in rows}):
        own = [row for row in rows if row[0] == kind]
        met, designed, lit = (np.concatenate([row[i] for row in own]) for i in (1, 2, 3))
        # what is not a number is the worst
        worst = [int(np.argmax(np.where(np.isnan(values), np.inf, values))) for values in (met, lit)]
        print(
            f"{kind:>64}{np.mean(designed >= 1.0 - 1e-6):18.1%}{np.median(1.0 / designed - 1.0):18.1e}"
            f"{np.mean(met > designed * (1.0 + 1e-9)):18.1%}{np.max(1.0 - designed / met):18.1e}"
            f"{met[worst[0]] - 1.0:18.1e}{lit[worst[1]] - 1.0:18.1e}"
        )
        for name, values, at in (("a cost below its bound", met, worst[0]), ("light above its bound", lit, worst[1])):
            if not values[at] <= 1.0 + 1e-9:
                print(f"{'':>64}  {name}: {own[at // 8][4]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--draws", type=int, default=64, help="draws of the solvers beside the default one")
    parser.add_argument("--reference-draws", type=int, default=6, help="draws of the reference solver, penalty-sdp")
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--steps", type=int, default=200, help="random steps of each problem")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    times(arguments.batch, arguments.seed)
    accuracy(arguments.batch, arguments.seed)
    solvers(arguments.draws, arguments.reference_draws, arguments.seed)
    study(arguments.problems, arguments.steps, arguments.seed)


if __name__ == "__main__":
    main()
