"""All spectra of a trion run: of the exciton, of each species, and of the species together."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from mpi4py import MPI

from hpcx.exciton.absorption import Spectrum, add_spectrum, exciton_spectrum
from hpcx.exciton.dephasing import with_phonons, with_width
from hpcx.exciton.problem import ExcitonProblem
from hpcx.io.result import Result
from hpcx.io.stages import Stages
from hpcx.materials.loader import Material
from hpcx.parallel.errors import AgreedError
from hpcx.parallel.run import Run
from hpcx.trion.absorption import trion_spectrum
from hpcx.trion.config import Config
from hpcx.trion.contact import ContactOperator, strength_for_shift
from hpcx.trion.dephasing import LineWidths, line_widths
from hpcx.trion.maps import peak_maps
from hpcx.trion.operator import TrionOperator
from hpcx.trion.output import add_slices
from hpcx.trion.twod import add_two_dimensional
from hpcx.units import from_internal


def doping_density(problem: ExcitonProblem) -> float:
    """Return one charge per N x N cells, 2 / (sqrt 3 N^2 a^2), in 1/nm^2."""
    return 1 / (problem.mesh.divisions**2 * problem.mesh.cell_area)


class Spectra:
    """The spectra of one point as they come; does nothing if the input asks for none."""

    def __init__(
        self,
        comm: MPI.Comm,
        config: Config,
        material: Material,
        exciton: ExcitonProblem,
        exciton_energy: float,
        run: Run,
        stages: Stages,
    ) -> None:
        """Take the exciton's problem and the energy of its 1s state in eV; collective."""
        self._comm, self._config, self._material, self._exciton, self._run = comm, config, material, exciton, run
        self._exciton_energy, self._gap = exciton_energy, config.gap or 0.0
        self.wanted = config.absorption.enabled or config.twod.enabled
        self._stages = stages
        self._spectra: dict[str, Spectrum] = {}
        self._widths: dict[str, LineWidths] = {}
        self._contact = 0.0

    def add_exciton(self, result: Result) -> None:
        """Put the exciton's absorption and the doping density into the result; collective."""
        result.add_internal(
            "doping_density",
            doping_density(self._exciton),
            (),
            "1/cm^2",
            "one resident carrier per mesh (N x N cells)",
        )
        self._config = with_phonons(result, self._config, self._material)
        if not self.wanted:
            return
        with self._run.timings.measure("absorption"):
            settings, keep = self._config.absorption, self._stages.checkpoint_if_due
            spectrum = exciton_spectrum(self._comm, self._exciton, settings, self._exciton_energy, keep)
        add_spectrum(result, "exciton", spectrum, self._config.absorption, self._gap)

    def add_species(
        self,
        result: Result,
        species: str,
        operator: TrionOperator,
        energy: float,
        vector: np.ndarray,
        exciton_energy: float,
    ) -> None:
        """Put the absorption of a species or a channel and its maps into the result;
        collective. Dark channels have none.

        Args:
            result: where to put them.
            species: "singlet", "triplet" or a channel.
            operator: its Hamiltonian.
            energy: its lowest state, eV.
            vector: this rank's part of that state.
            exciton_energy: of the exciton from which photon energies count, eV.
        """
        if self._config.phonons.enabled:
            self._widths[species] = line_widths(
                result, self._config, self._material, species, exciton_energy, exciton_energy - energy
            )
        if self.wanted and not operator.problem.dipole_k.any():
            result.summary.append(f"{species}: optically dark, so it has no absorption")
        if not self.wanted or not operator.problem.dipole_k.any():
            return
        config = self._narrowest(species)
        settings = config.absorption
        with self._run.timings.measure("absorption"):
            spectrum, recursion = trion_spectrum(config, operator, exciton_energy, species, self._stages)
        spectrum = self._spread(species, spectrum)
        add_spectrum(result, species, spectrum, settings, self._gap)
        self._spectra[species] = spectrum
        if settings.maps:
            with self._run.timings.measure("maps"):
                wanted = exciton_energy + np.array(settings.maps)
                peaks, map_pk = peak_maps(operator, recursion, spectrum, wanted, settings.broadening)
            result.add(f"{species}/absorption/map_energy", peaks + self._gap, ("peak",), "eV", "photon energy of a map")
            add_slices(result, f"{species}/absorption/map", "peak", map_pk, operator)
        if self._shifted(species):
            self._spectra[species] = self._spread(species, self._shift(operator, energy, vector))

    def add_with_exchange(self, result: Result, place: str, name: str, make: Callable[[Config], Spectrum]) -> None:
        """Put the absorption of a channel with exchange under `place`;
        `make` returns it for an input with the width of the lines; collective.
        """
        config = self._narrowest(name)
        with self._run.timings.measure("absorption"):
            spectrum = self._spread(name, make(config))
        add_spectrum(result, place, spectrum, config.absorption, self._gap)

    def _narrowest(self, species: str) -> Config:
        """Return the input with the width to which the lines have to be found."""
        return with_width(self._config, self._widths[species].smallest) if self._widths else self._config

    def _spread(self, species: str, spectrum: Spectrum) -> Spectrum:
        return self._widths[species].spread(spectrum) if self._widths else spectrum

    def _shifted(self, species: str) -> bool:
        settings = self._config.twod
        return (
            settings.enabled and species == "triplet" and settings.triplet_shift != 0 and settings.shift_by == "contact"
        )

    def _shift(self, operator: TrionOperator, energy: float, vector: np.ndarray) -> Spectrum:
        """Return the spectrum with the contact interaction that shifts the lowest state as asked."""
        shift = self._config.twod.triplet_shift
        if operator.problem.identical or energy >= self._exciton_energy:
            raise AgreedError(
                f"twod.triplet_shift = {from_internal(shift, 'meV'):g} meV: the triplet of this material has no bound"
                " bright state to shift; set it to 0"
            )
        with self._run.timings.measure("contact interaction"):
            self._contact = strength_for_shift(
                operator, energy, vector, shift, self._config.solver.tolerance, self._stages.checkpoint_if_due
            )
        dress = partial(ContactOperator, strength=self._contact)
        with self._run.timings.measure("absorption"):
            return trion_spectrum(
                self._narrowest("triplet"), operator, self._exciton_energy, "shifted", self._stages, dress
            )[0]

    def add_together(self, result: Result, binding_energy: float) -> None:
        """Put the two-dimensional spectra into the result, with the singlet's binding energy in eV."""
        with self._run.timings.measure("two-dimensional"):
            add_two_dimensional(
                result,
                self._config,
                self._spectra,
                self._widths,
                self._exciton_energy,
                binding_energy,
                self._gap,
                self._contact,
            )
        if self._contact:
            result.summary.append(
                f"contact exchange {from_internal(self._contact, 'eV*angstrom^2'):.4f} eV angstrom^2 in the triplet"
            )
