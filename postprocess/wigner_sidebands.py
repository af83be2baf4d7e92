"""Spectrum of the phonon-assisted light of the dark valleys at several times,
and its rate against time beside the direct light.

python postprocess/wigner_sidebands.py results/wigner_moments/points/ID.h5 --times 1 10 100
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import command_line, letters, open_result, plt, read, save
from wigner_common import LABELS


def main() -> None:
    """Read, draw, save next to the data."""
    parser = command_line(__doc__)
    parser.add_argument("file", type=Path, help="result.h5, or a point of a sweep, of a run with mechanisms.radiative")
    parser.add_argument("--times", type=float, nargs="+", default=(1.0, 10.0, 100.0), help="times of the spectra, ps")
    parser.add_argument(
        "--broadening", type=float, default=2.0, help="full width at half maximum given to the lines, meV"
    )
    arguments = parser.parse_args()
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.6), layout="constrained")
    with open_result(arguments.file) as file:
        times, energy = read(file, "sidebands/time"), read(file, "sidebands/photon_energy")
        light = read(file, "sidebands/spectrum")
        kernel = np.exp(-4 * np.log(2) * ((energy[:, None] - energy) / arguments.broadening) ** 2)
        for wanted in arguments.times:
            row = int(np.abs(times - wanted).argmin())
            left.plot(energy, kernel @ light[row] / (kernel @ light[row]).max(), label=f"{times[row]:.3g} ps")
        time = read(file, "observables/time")
        for valley in (1, 2):
            right.plot(
                time,
                read(file, "observables/photoluminescence_phonon")[:, valley],
                label=f"{LABELS[valley]}, phonon-assisted",
            )
        right.plot(time, read(file, "observables/photoluminescence"), "k--", label="KK, direct")
    left.set(xlabel="photon energy less bright exciton (meV)", ylabel="phonon-assisted PL / maximum")
    right.set(xlabel="time (ps)", ylabel="PL (1/ps per exciton)", xscale="log", yscale="log")
    left.legend()
    right.legend()
    letters((left, right))
    save(figure, arguments.file.with_name("sidebands"))


if __name__ == "__main__":
    main()
