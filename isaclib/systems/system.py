"""A system: parameters, random scenario, schemes, metrics, estimators, and what pictures are drawn from."""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from isaclib.systems.base import HAS_DESIGN, Estimator, Scheme, Status, nearest
from isaclib.systems.given import Given, checked
from isaclib.systems.spectrum import Spectrum, SpectrumOf
from isaclib.systems.streams import SAMPLINGS, Streams

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class System:
    """Parameters, random scenario, schemes and metrics of one system.

    Parameters
    ----------
    name : str
        ``hybrid``, ``modular`` or ``stars``.
    version : int
        Raised when the model's numbers change.
    parameters_class : type
        Frozen dataclass made of `isaclib.systems.parameters.parameter` fields.
    draw_scenario : callable
        ``draw_scenario(parameters, streams) -> Scenario``.
    evaluate_design : callable
        ``evaluate_design(scenario, design) -> xarray.Dataset``.
    schemes_package : str
        Package whose modules each hold one ``SCHEME``.
    further : tuple of Scheme
        Schemes from elsewhere, see `isaclib.systems.own`.
    estimators : mapping of str to Estimator
        Estimators by name.
    metrics : mapping of str to tuple of str
        What `evaluate_design` may return: name to dimensions behind the realisation. A figure of
        anything else is refused.
    kept : tuple of str
        Arrays of a design that its estimators need: what a campaign keeps that says
        ``store: [beamformers]``. Some may be metrics besides, under the same name.
    power_pattern : callable, optional
        ``power_pattern(scenario, design, index, ranges_m, angles_rad, *, beam) -> ndarray``, see `pattern`.
    spectra : mapping of str to SpectrumOf
        Estimators that search a spectrum over range and angle, by name; see `spectrum`.
    positions : callable, optional
        ``positions(scenario, index) -> dict``, see `places`.
    given : mapping of str to Given
        Arrays that need not be drawn, by name; see `draw`.
    with_given : callable, optional
        ``with_given(scenario, arrays) -> Scenario`` puts some of them in the place of what was drawn.
    """

    name: str
    version: int
    parameters_class: type
    draw_scenario: Callable[[Any, Streams], Any]
    evaluate_design: Callable[[Any, Any], xr.Dataset]
    schemes_package: str
    further: tuple[Scheme, ...] = ()
    estimators: Mapping[str, Estimator] = field(default_factory=dict)
    metrics: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kept: tuple[str, ...] = ("beamformers",)
    power_pattern: Callable[..., np.ndarray] | None = None
    spectra: Mapping[str, SpectrumOf] = field(default_factory=dict)
    positions: Callable[[Any, int], dict[str, np.ndarray]] | None = None
    given: Mapping[str, Given] = field(default_factory=dict)
    with_given: Callable[[Any, Mapping[str, np.ndarray]], Any] | None = None

    @property
    def Parameters(self) -> type:
        """The parameters class."""
        return self.parameters_class

    @cached_property
    def schemes(self) -> Mapping[str, Scheme]:
        """Schemes by name; a file in the schemes package adds one, and so does an entry point of any package.

        Raises
        ------
        ValueError
            In one line, for an entry point that is broken, or has a name that is taken.
        """
        # it is made of what this module defines
        from isaclib.systems.own import installed_schemes

        package = importlib.import_module(self.schemes_package)
        found = (
            getattr(importlib.import_module(f"{self.schemes_package}.{module.name}"), "SCHEME", None)
            for module in pkgutil.iter_modules(package.__path__)
        )
        schemes = {scheme.name: scheme for scheme in found if scheme is not None}
        for scheme in (*installed_schemes(self.name), *self.further):
            if scheme.name in schemes:
                raise ValueError(f"system {self.name!r}: two schemes have the name {scheme.name!r}")
            schemes[scheme.name] = scheme
        return MappingProxyType(schemes)

    def scheme(self, name: str) -> Scheme:
        """Return a scheme by name.

        Raises
        ------
        ValueError
            For an unknown name, with the nearest known one.
        """
        if name not in self.schemes:
            raise ValueError(f"system {self.name!r} has no scheme {name!r}: {nearest(name, self.schemes)}")
        return self.schemes[name]

    def draw(
        self,
        parameters: Any,
        *,
        seed: int,
        start: int = 0,
        stop: int = 1,
        sampling: str = "random",
        channels: Mapping[str, Any] | None = None,
    ) -> Any:
        """Draw the realisations [start, stop): the same numbers however they are batched.

        Parameters
        ----------
        parameters : Parameters
            Of this system.
        seed : int
            Non-negative.
        start, stop : int
            First realisation and one past the last.
        sampling : str
            ``random``, or ``sobol``: the 64 realisations of a block, [0, 64), [64, 128), ..., spread
            evenly. A mean over whole blocks scatters less; the block, not the realisation, is then
            what intervals are taken over.
        channels : mapping of str to array_like, optional
            Channels from a ray tracer or a measurement in the place of drawn ones, by the names of
            `given`, with the realisations [start, stop) along the first axis. What they do not say
            is drawn as ever, estimates of them included.

        Returns
        -------
        Scenario

        Raises
        ------
        ValueError
            For an empty or negative range, a negative seed, an unknown sampling, or channels of
            another name or shape than the parameters ask for, or that are not finite.
        """
        if not 0 <= start < stop:
            raise ValueError(f"start, stop = {start}, {stop}: expected 0 <= start < stop")
        if seed < 0:
            raise ValueError(f"seed = {seed}: expected a whole number of at least 0")
        if sampling not in SAMPLINGS:
            raise ValueError(f"sampling = {sampling!r}: expected one of {', '.join(SAMPLINGS)}")
        scenario = self.draw_scenario(parameters, Streams(seed, start, stop, sampling))
        if channels is None:
            return scenario
        if self.with_given is None:
            raise ValueError(f"channels: system {self.name!r} takes none")
        return self.with_given(scenario, checked(self.given, channels, parameters, stop - start))

    def design(
        self, scenario: Any, *, scheme: str, solver: str | None = None, options: Mapping[str, Any] | None = None
    ) -> Any:
        """Design beamformers for every realisation of a scenario.

        Parameters
        ----------
        scenario : Scenario
            From `draw`, or built by hand.
        scheme : str
            Name of the scheme.
        solver : str, optional
            Default: the scheme's first.
        options : mapping, optional
            Options of the solver.

        Returns
        -------
        Design

        Raises
        ------
        ValueError
            For an unknown scheme, solver or option.
        """
        began = time.perf_counter()
        design = self.scheme(scheme).design(scenario, solver=solver, options=options, rng=scenario.streams)
        if design.solve_seconds is None:
            count = len(design.status)
            design = replace(design, solve_seconds=np.full(count, (time.perf_counter() - began) / count))
        return design

    def evaluate(self, scenario: Any, design: Any) -> xr.Dataset:
        """Recompute every metric and constraint from the beamformers alone.

        Parameters
        ----------
        scenario : Scenario
            What was designed for.
        design : Design
            What the scheme returned.

        Returns
        -------
        xarray.Dataset
            Over ``realisation`` (and ``user``, ...), units and long_name in attrs.
        """
        return self.evaluate_design(scenario, design)

    def pattern(
        self,
        scenario: Any,
        design: Any,
        index: int,
        ranges_m: np.ndarray,
        angles_rad: np.ndarray,
        *,
        beam: int | None = None,
    ) -> np.ndarray:
        """Return the power that the beams of one realisation send to places in the near field.

        Parameters
        ----------
        scenario : Scenario
            What was designed for.
        design : Design
            Its beams.
        index : int
            Row of the batch.
        ranges_m : ndarray, shape (R,)
            Distances from the origin.
        angles_rad : ndarray, shape (A,)
            From the x axis; of ``stars`` those beyond +-pi/2 are on the transmission side.
        beam : int, optional
            One beam alone; default: all of them together.

        Returns
        -------
        ndarray, shape (R, A)
            In watts, without the loss of the path: over the range it shows the focus. At the target
            it is the illumination that the metrics count.

        Raises
        ------
        ValueError
            For a row or beam that there is not, a realisation without a design, or a system without
            patterns.
        """
        if self.power_pattern is None:
            raise ValueError(f"system {self.name!r} has no power pattern")
        _check_designed(design, index)
        return self.power_pattern(scenario, design, index, np.asarray(ranges_m), np.asarray(angles_rad), beam=beam)

    def places(self, scenario: Any, index: int) -> dict[str, np.ndarray]:
        """Return where everything of one realisation stands.

        Parameters
        ----------
        scenario : Scenario
            From `draw`, or built by hand: what it does not know is left out.
        index : int
            Row of the batch.

        Returns
        -------
        dict of str to ndarray, shape (n, 2)
            (x, y) in metres by what stands there. The first entry is the array, or surface, whose
            Rayleigh distance the parameters have.

        Raises
        ------
        ValueError
            For a row that there is not, or a system without places.
        """
        if self.positions is None:
            raise ValueError(f"system {self.name!r} has no places")
        _check_row(index, len(scenario))
        return self.positions(scenario, index)

    def spectrum(
        self,
        scenario: Any,
        design: Any,
        index: int,
        *,
        estimator: str = "music",
        trial: int = 0,
        options: Mapping[str, Any] | None = None,
        ranges_m: np.ndarray | None = None,
        angles_rad: np.ndarray | None = None,
    ) -> Spectrum:
        """Return the spectrum that an estimator searches, from the echoes that `estimate` has in that trial.

        Parameters
        ----------
        scenario : Scenario
            What was designed for.
        design : Design
            Whose beams light the target.
        index : int
            Row of the batch.
        estimator : str
            One of `spectra`.
        trial : int
            From 0.
        options : mapping, optional
            Options of the estimator.
        ranges_m, angles_rad : ndarray, shapes (R,) and (A,), optional
            Where the spectrum is taken; default: all of the sector that is searched.

        Returns
        -------
        Spectrum

        Raises
        ------
        ValueError
            For a row, estimator, trial or option that there is not, or a realisation without a design.
        """
        if estimator not in self.spectra:
            raise ValueError(
                f"system {self.name!r} has no spectrum of {estimator!r}: {nearest(estimator, self.spectra)}"
            )
        _check_designed(design, index)
        if trial < 0:
            raise ValueError(f"trial = {trial}: expected a whole number of at least 0")
        chosen = self.estimators[estimator].resolve(options)
        return self.spectra[estimator](
            scenario, design, chosen, index=index, trial=trial, ranges_m=ranges_m, angles_rad=angles_rad
        )

    def estimate(
        self, scenario: Any, design: Any, *, estimator: str, options: Mapping[str, Any] | None = None
    ) -> xr.Dataset:
        """Simulate echoes and estimate the target.

        Parameters
        ----------
        scenario : Scenario
            What was designed for.
        design : Design
            Whose beamformers illuminate the target.
        estimator : str
            Name of the estimator.
        options : mapping, optional
            Options of the estimator.

        Returns
        -------
        xarray.Dataset
            Over (realisation, trial, ...).

        Raises
        ------
        ValueError
            For an unknown estimator or option.
        """
        if estimator not in self.estimators:
            raise ValueError(
                f"system {self.name!r} has no estimator {estimator!r}: {nearest(estimator, self.estimators)}"
            )
        chosen = self.estimators[estimator]
        return chosen.run(scenario, design, chosen.resolve(options), scenario.streams)


def _check_row(index: int, count: int) -> None:
    if not 0 <= index < count:
        raise ValueError(f"index = {index}: expected a row of the batch, 0 to {count - 1}")


def _check_designed(design: Any, index: int) -> None:
    _check_row(index, len(design.status))
    if design.status[index] not in HAS_DESIGN:
        status = Status(int(design.status[index])).name.lower()
        raise ValueError(f"index = {index}: expected a row that has a design, this one is {status}")
