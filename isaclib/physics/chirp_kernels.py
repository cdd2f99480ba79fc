"""Compiled parts of `isaclib.physics.chirp_search`: the match of a place with what was heard, and its maximum."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

CANDIDATES = 64
"""Most peaks of the coarse search that are looked at closely; widely spaced sensors have as many lobes."""

KEPT_SHARE = 0.8
"""A coarse peak below this share of the highest is not looked at: half a grid step loses less."""

_STEPS = 40
_HALVINGS = 12
_SETTLED = 1e-4
_LONGEST = 1.5

# strict arithmetic: compiled anew or read back from the cache, the same bits
_kernel: dict[str, Any] = {"cache": True, "error_model": "numpy"}


@numba.njit(**_kernel)
def _response(y: float, aside: float, sine: float, inverse: float, wavenumber: float, exact: bool) -> complex:
    """Response of an element to the place with this sine of the angle and this inverse of the range."""
    size = 1.0
    if exact:
        beyond = inverse * (y * y + aside * aside) - 2.0 * y * sine
        ratio = math.sqrt(1.0 + inverse * beyond)
        size = 1.0 / ratio
        phase = -wavenumber * beyond / (ratio + 1.0)
    else:
        phase = wavenumber * y * (sine - 0.5 * y * (1.0 - sine * sine) * inverse)
    return complex(size * math.cos(phase), size * math.sin(phase))


@numba.njit(**_kernel)
def _logarithm(
    y: float, aside: float, sine: float, inverse: float, wavenumber: float, exact: bool, out: np.ndarray
) -> None:
    """Fill `out` with 1 and the derivatives of log `_response`: l_s, l_u, l_ss, l_su, l_uu; s = sin th, u = 1/r."""
    turn = complex(0.0, wavenumber)
    out[0] = 1.0
    if not exact:
        bend = 0.5 * y * y
        out[1] = turn * (y + 2.0 * bend * sine * inverse)
        out[2] = -turn * bend * (1.0 - sine * sine)
        out[3] = turn * 2.0 * bend * inverse
        out[4] = turn * 2.0 * bend * sine
        out[5] = 0.0
        return
    # q = r_n / r, e = r_n - r
    across = y * y + aside * aside
    q = math.sqrt(1.0 + inverse * (inverse * across - 2.0 * y * sine))
    q_s, q_u = -inverse * y / q, (inverse * across - y * sine) / q
    q_ss, q_su, q_uu = -q_s * q_s / q, (-y - q_s * q_u) / q, (across - q_u * q_u) / q
    e = (inverse * across - 2.0 * y * sine) / (q + 1.0)
    e_s = -y / q
    e_u = (q_u - e) / inverse
    out[1] = -q_s / q - turn * e_s
    out[2] = -q_u / q - turn * e_u
    out[3] = (q_s * q_s / q - q_ss) / q - turn * q_ss / inverse
    out[4] = (q_s * q_u / q - q_su) / q - turn * (q_su - e_s) / inverse
    out[5] = (q_u * q_u / q - q_uu) / q - turn * (q_uu - 2.0 * e_u) / inverse


@numba.njit(**_kernel)
def _sums(
    places: np.ndarray,
    aside: float,
    columns: np.ndarray,
    point: tuple[float, float],
    wavenumber: float,
    exact: bool,
    conjugate: bool,
    work: np.ndarray,
    sums: np.ndarray,
    energy: np.ndarray,
) -> None:
    """Fill `sums` with those of b* m, or a e, `energy` with that of |b|^2; derivatives in `_logarithm`'s order."""
    sums[:] = 0.0
    energy[:] = 0.0
    for n in range(len(places)):
        value = _response(places[n], aside, point[0], point[1], wavenumber, exact)
        _logarithm(places[n], aside, point[0], point[1], wavenumber, exact, work)
        square = value.real**2 + value.imag**2
        s, u = work[1], work[2]
        energy[0] += square
        energy[1] += 2.0 * square * s.real
        energy[2] += 2.0 * square * u.real
        energy[3] += square * (2.0 * work[3].real + 4.0 * s.real * s.real)
        energy[4] += square * (2.0 * work[4].real + 4.0 * s.real * u.real)
        energy[5] += square * (2.0 * work[5].real + 4.0 * u.real * u.real)
        work[3] += s * s
        work[4] += s * u
        work[5] += u * u
        for d in range(6):
            term = value * work[d]
            if conjugate:
                term = term.conjugate()
            for k in range(columns.shape[1]):
                sums[d, k] += term * columns[n, k]


@numba.njit(**_kernel)
def _second(d: int) -> tuple[int, int]:
    """Return the first derivatives that a second one is of: ss, su, uu."""
    if d == 3:
        return 1, 1
    return (1, 2) if d == 4 else (2, 2)


@numba.njit(**_kernel)
def _match(
    heard: np.ndarray,
    sensors: np.ndarray,
    aside: float,
    lit: np.ndarray,
    elements: np.ndarray,
    point: tuple[float, float],
    wavenumber: float,
    exact: bool,
    work: np.ndarray,
    sums: np.ndarray,
    energy: np.ndarray,
    out: np.ndarray,
) -> None:
    """Fill `out` with log of |sum_k g_k* b^H m_k|^2 / (|b|^2 |g|^2) and its derivatives."""
    streams = heard.shape[1]
    received, sent = sums[0], sums[1]
    _sums(sensors, aside, heard, point, wavenumber, exact, True, work, received, energy)
    total = np.zeros(6, dtype=np.complex128)
    if len(lit) == 0:
        for d in range(6):
            total[d] = received[d, 0]
        power = np.zeros(6)
        power[0] = 1.0
    else:
        power = np.zeros(6)
        _sums(elements, 0.0, lit, point, wavenumber, exact, False, work, sent, power)
        power[:] = 0.0
        for k in range(streams):
            for d in range(3):
                total[d] += sent[d, k].conjugate() * received[0, k]
                power[d] += (2.0 if d else 1.0) * (sent[d, k].conjugate() * sent[0, k]).real
                if d:
                    total[d] += sent[0, k].conjugate() * received[d, k]
            for d in range(3, 6):
                i, j = _second(d)
                total[d] += sent[d, k].conjugate() * received[0, k] + sent[0, k].conjugate() * received[d, k]
                total[d] += sent[i, k].conjugate() * received[j, k] + sent[j, k].conjugate() * received[i, k]
                power[d] += 2.0 * (sent[d, k].conjugate() * sent[0, k] + sent[i, k].conjugate() * sent[j, k]).real
    strength = total[0].real ** 2 + total[0].imag ** 2
    if not (strength > 0.0 and power[0] > 0.0):
        out[:] = 0.0
        out[0] = -np.inf
        return
    out[0] = math.log(strength) - math.log(energy[0]) - math.log(power[0])
    for d in range(1, 3):
        out[d] = 2.0 * (total[d] / total[0]).real - energy[d] / energy[0] - power[d] / power[0]
    for d in range(3, 6):
        i, j = _second(d)
        out[d] = 2.0 * (total[d] / total[0] - (total[i] / total[0]) * (total[j] / total[0])).real
        out[d] -= energy[d] / energy[0] - energy[i] * energy[j] / energy[0] ** 2
        out[d] -= power[d] / power[0] - power[i] * power[j] / power[0] ** 2


@numba.njit(**_kernel)
def _move(slope: tuple[float, float], bend: tuple[float, float, float], free: tuple[bool, bool]) -> tuple[float, float]:
    """Newton's step uphill in the free coordinates, where the match bends downwards; else along the slope."""
    if free[0] and free[1]:
        determinant = bend[0] * bend[2] - bend[1] * bend[1]
        if bend[0] < 0.0 and determinant > 1e-9 * abs(bend[0] * bend[2]):
            return (
                (bend[1] * slope[1] - bend[2] * slope[0]) / determinant,
                (bend[1] * slope[0] - bend[0] * slope[1]) / determinant,
            )
    first = slope[0] / max(abs(bend[0]), 1e-300) if free[0] else 0.0
    second = slope[1] / max(abs(bend[2]), 1e-300) if free[1] else 0.0
    return first, second


@numba.njit(**_kernel)
def climb(
    start: tuple[float, float],
    limits: tuple[float, float, float, float],
    steps: tuple[float, float],
    heard: np.ndarray,
    sensors: np.ndarray,
    aside: float,
    lit: np.ndarray,
    elements: np.ndarray,
    wavenumber: float,
    exact: bool,
    sums: np.ndarray,
) -> tuple[float, float, float]:
    """Projected Newton steps from a point to the maximum in its hill; return (s, u, log of the match)."""
    work = np.empty(6, dtype=np.complex128)
    energy, here, there = np.empty(6), np.empty(6), np.empty(6)
    s, u = start
    _match(heard, sensors, aside, lit, elements, (s, u), wavenumber, exact, work, sums, energy, here)
    for _ in range(_STEPS):
        # in grid steps, so that both coordinates weigh alike
        slope = here[1] * steps[0], here[2] * steps[1]
        bend = here[3] * steps[0] ** 2, here[4] * steps[0] * steps[1], here[5] * steps[1] ** 2
        free = (
            not ((s <= limits[0] and slope[0] < 0.0) or (s >= limits[1] and slope[0] > 0.0)),
            not ((u <= limits[2] and slope[1] < 0.0) or (u >= limits[3] and slope[1] > 0.0)),
        )
        a, b = _move(slope, bend, free)
        if free[0] and free[1]:
            # a step that leaves the sector ends at its border, the other coordinate at its best there
            if not limits[2] <= u + b * steps[1] <= limits[3]:
                b = ((limits[2] if b < 0.0 else limits[3]) - u) / steps[1]
                if bend[0] < 0.0:
                    a = -(slope[0] + bend[1] * b) / bend[0]
            elif not limits[0] <= s + a * steps[0] <= limits[1]:
                a = ((limits[0] if a < 0.0 else limits[1]) - s) / steps[0]
                if bend[2] < 0.0:
                    b = -(slope[1] + bend[1] * a) / bend[2]
        shrink = min(1.0, _LONGEST / max(abs(a), abs(b), 1e-300))
        a, b = shrink * a, shrink * b
        # the error left is the square of this step; its gain is lost in rounding errors
        if max(abs(a), abs(b)) < _SETTLED:
            s, u = min(max(s + a * steps[0], limits[0]), limits[1]), min(max(u + b * steps[1], limits[2]), limits[3])
            break
        moved = False
        for _ in range(_HALVINGS):
            to_s = min(max(s + a * steps[0], limits[0]), limits[1])
            to_u = min(max(u + b * steps[1], limits[2]), limits[3])
            _match(heard, sensors, aside, lit, elements, (to_s, to_u), wavenumber, exact, work, sums, energy, there)
            if there[0] > here[0]:
                moved = True
                break
            a, b = 0.5 * a, 0.5 * b
        if not moved:
            break
        s, u = to_s, to_u
        here[:] = there
    return s, u, here[0]


@numba.njit(**_kernel)
def fill_table(
    places: np.ndarray, aside: float, sines: np.ndarray, inverses: np.ndarray, wavenumber: float, exact: bool
) -> np.ndarray:
    """Responses over |response|, shape (places, inverses, sines)."""
    table = np.empty((len(places), len(inverses), len(sines)), dtype=np.complex128)
    for i in range(len(inverses)):
        for j in range(len(sines)):
            energy = 0.0
            for n in range(len(places)):
                value = _response(places[n], aside, sines[j], inverses[i], wavenumber, exact)
                energy += value.real**2 + value.imag**2
                table[n, i, j] = value
            scale = 1.0 / math.sqrt(energy)
            for n in range(len(places)):
                table[n, i, j] *= scale
    return table


@numba.njit(**_kernel)
def fill_map(table: np.ndarray, heard: np.ndarray, element_table: np.ndarray, lit: np.ndarray) -> np.ndarray:
    """Match at every point of the tables, shape (inverses, sines)."""
    _, rows, columns = table.shape
    match, power = np.zeros((rows, columns)), np.zeros((rows, columns))
    total = np.zeros((rows, columns), dtype=np.complex128)
    real, imag = np.empty((rows, columns)), np.empty((rows, columns))
    sent = np.empty((rows, columns), dtype=np.complex128)
    for k in range(heard.shape[1]):
        real[:], imag[:] = 0.0, 0.0
        # points innermost: strict sums then still use vector registers
        for n in range(len(table)):
            x, y = heard[n, k].real, heard[n, k].imag
            for i in range(rows):
                for j in range(columns):
                    value = table[n, i, j]
                    real[i, j] += value.real * x + value.imag * y
                    imag[i, j] += value.real * y - value.imag * x
        if len(lit) == 0:
            break
        sent[:] = 0.0
        for n in range(len(element_table)):
            for i in range(rows):
                for j in range(columns):
                    sent[i, j] += element_table[n, i, j] * lit[n, k]
        for i in range(rows):
            for j in range(columns):
                total[i, j] += sent[i, j].conjugate() * complex(real[i, j], imag[i, j])
                power[i, j] += sent[i, j].real ** 2 + sent[i, j].imag ** 2
    for i in range(rows):
        for j in range(columns):
            if len(lit) == 0:
                match[i, j] = real[i, j] ** 2 + imag[i, j] ** 2
            elif power[i, j] > 0.0:
                match[i, j] = (total[i, j].real ** 2 + total[i, j].imag ** 2) / power[i, j]
    return match


@numba.njit(**_kernel)
def peaks(match: np.ndarray, found: np.ndarray) -> int:
    """Write the indices of the highest local maxima of a map into `found`, best first; return their number."""
    rows, columns = match.shape
    values = np.full(len(found), -np.inf)
    count = 0
    for i in range(rows):
        for j in range(columns):
            here = match[i, j]
            if not here > values[-1]:
                continue
            highest = True
            for p in range(max(i - 1, 0), min(i + 2, rows)):
                for q in range(max(j - 1, 0), min(j + 2, columns)):
                    if match[p, q] > here or (match[p, q] == here and (p < i or (p == i and q < j))):
                        highest = False
            if not highest:
                continue
            place = min(count, len(found) - 1)
            while place > 0 and values[place - 1] < here:
                values[place] = values[place - 1]
                found[place] = found[place - 1]
                place -= 1
            values[place] = here
            found[place, 0], found[place, 1] = i, j
            count = min(count + 1, len(found))
    return count
