"""An interaction is one class and one line for all models;
environments on file select slabs and tables in each of them.
"""

import re
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import h5py
import numpy as np
import pytest
from mpi4py import MPI

from hpcx.config.errors import InputError
from hpcx.config.idle import idle_keys
from hpcx.config.load import load_plan
from hpcx.exciton.problem import exciton_problem
from hpcx.formation.problem import kept_states, medium_of
from hpcx.materials.environment import is_environment, load_environment
from hpcx.materials.listing import listing
from hpcx.parallel.run import Run
from hpcx.physics import interaction
from hpcx.physics.dielectric import DielectricLayer
from hpcx.physics.interaction import INTERACTIONS, interaction_of
from hpcx.physics.rytova_keldysh import RytovaKeldysh
from hpcx.registry import solver
from hpcx.trion.problem import exciton_of, trion_problem
from hpcx.valley.problem import build_problem
from hpcx.wigner.parameters import read_excitons

PAGE = Path(__file__).resolve().parents[1] / "hpcx" / "README.md"


@dataclass(frozen=True)
class Broken(DielectricLayer):
    """A dielectric function between the points of a table as straight lines."""

    q: tuple[float, ...]
    epsilon: tuple[float, ...]

    @classmethod
    def in_surroundings(cls, length, surroundings):
        return cls(surroundings.numbers_of("table.q", "1/nm"), surroundings.numbers_of("table.epsilon", "1"))

    def dielectric_function(self, q):
        return np.where(q > self.q[-1], self.far.dielectric_function(q), np.interp(q, self.q, self.epsilon))

    @property
    def far(self):
        slope = (self.epsilon[-1] - self.epsilon[-2]) / (self.q[-1] - self.q[-2])
        return RytovaKeldysh(slope, self.epsilon[-1] - slope * self.q[-1])

    @property
    def borders(self):
        return np.array(self.q)


INPUTS = {
    "exciton": 'material = "WSe2"\n[mesh]\nN = 24\nk0 = 0.15\n',
    "trion": 'material = "WSe2"\n[mesh]\nN = 24\nk0 = 0.15\n',
    "wigner": 'material = "WS2"\ntemperature = 77\n',
    "formation": 'material = "MoS2"\npump.photon_energy = 2.4\nmomentum.points = 40\n',
    "valley": 'material = "WSe2"\nmomentum.points = 10\n',
}
#: the layer's own length r0, angstrom
LENGTHS = {"exciton": 2 * np.pi * 7.18, "trion": 2 * np.pi * 7.18, "wigner": 37.9, "formation": 41.4, "valley": 45.0}


def energies(model, environment, tmp_path):
    """Return what a model makes of an environment: binding energies,
    or the interaction itself, after all checks of the input.
    """
    path = tmp_path / "input.toml"
    path.write_text(f'model = "{model}"\nenvironment = {environment!r}\n{INPUTS[model]}')
    point = load_plan(str(path), []).points[0]
    config, material = point.config, point.material
    if model == "exciton":
        return np.linalg.eigvalsh(exciton_problem(config, material).dense())[:3]
    if model == "trion":
        return trion_problem(config, material, exciton_of(config, material), "singlet").w_ij
    if model == "wigner":
        excitons = read_excitons(material, config.environment)
        numerical = read_excitons(material, config.environment, "numerical")
        return np.array([[state.binding_energy for state in found.state_v] for found in (excitons, numerical)])
    if model == "formation":
        return kept_states(config, medium_of(config, material, "A")).energy_l[:4]
    return np.array([species.state.binding_energy for species in build_problem(config, material).species])


def table(tmp_path, length, kappa, kind="", unit="1/angstrom"):
    """Write a table of the law kappa + length q; return its path."""
    q = np.linspace(0, 0.5, 6)
    factor = 10.0 if unit == "1/nm" else 1.0
    lists = {"q": (q * factor, unit), "epsilon": (kappa + length * q, "1")}
    rows = "\n".join(
        f'{name} = {{ value = {values.tolist()}, unit = "{of}", source = "test" }}'
        for name, (values, of) in lists.items()
    )
    path = tmp_path / "environment.toml"
    path.write_text(f'{kind}\nname = "mine"\n[table]\n{rows}\n')
    return str(path)


@pytest.mark.parametrize("model", INPUTS)
def test_a_new_interaction_is_one_class_and_one_line(model, tmp_path, monkeypatch):
    monkeypatch.setitem(INTERACTIONS, "broken", Broken)
    plain = energies(model, 2.0, tmp_path)
    mine = energies(model, table(tmp_path, LENGTHS[model], 2.0, 'interaction = "broken"'), tmp_path)
    assert mine == pytest.approx(plain, rel=1e-7)
    weaker = energies(model, table(tmp_path, LENGTHS[model], 4.0, 'interaction = "broken"'), tmp_path)
    assert weaker == pytest.approx(energies(model, 4.0, tmp_path), rel=1e-7) and not np.allclose(
        weaker, plain, rtol=0.05
    )


#: what makes a whole run small, and a result of it that depends on the interaction
RUNS = {
    "exciton": ([], "exciton/binding_energy"),
    "trion": (["trion.species=['singlet']"], "singlet/binding_energy"),
    "wigner": (
        ["momentum.first_bin=1 meV", "momentum.growth=1.3", "time.end=0.5 ps", "time.outputs=[[0.25,0.5]]"],
        "rates/stationary_diffusivity",
    ),
    "formation": (
        ["momentum.points=30", "approximation.biexciton=false", "delay.points=30"],
        "signal/exciton_density",
    ),
    "valley": (["time.end=0.5 ps", "modes.count=1", "flow.times=[0.2]"], "population/population"),
}


@pytest.mark.parametrize("model", RUNS)
def test_a_new_interaction_runs_to_the_end(model, tmp_path, monkeypatch):
    monkeypatch.setitem(INTERACTIONS, "broken", Broken)
    mine, found = table(tmp_path, LENGTHS[model], 2.0, 'interaction = "broken"'), []
    for environment in (2.0, mine):
        (tmp_path / "run.toml").write_text(f'model = "{model}"\nenvironment = {environment!r}\n{INPUTS[model]}')
        point = load_plan(str(tmp_path / "run.toml"), RUNS[model][0]).points[0]
        result = solver(model)(MPI.COMM_SELF, point.config, point.material, Run())
        assert not result.silent()
        found.append(result.value(RUNS[model][1]))
    assert found[1] == pytest.approx(found[0], rel=1e-6) and np.any(found[1])


def test_the_example_of_the_developers_page_is_the_thin_layer(tmp_path, monkeypatch):
    monkeypatch.setattr(interaction, "INTERACTIONS", dict(INTERACTIONS))
    (code,) = (
        block for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL) if "class Straight" in block
    )
    names = {
        "dataclass": dataclass,
        "DielectricLayer": DielectricLayer,
        "RytovaKeldysh": RytovaKeldysh,
        "np": np,
        "__name__": __name__,
    }
    exec(code, names | {"INTERACTIONS": interaction.INTERACTIONS})
    path = tmp_path / "environment.toml"
    path.write_text('interaction = "straight"\nkappa = { value = 2, unit = "1", source = "test" }\n')
    assert energies("valley", str(path), tmp_path) == pytest.approx(energies("valley", 2.0, tmp_path), rel=1e-12)


@pytest.mark.parametrize("model", INPUTS)
def test_slabs_and_tables_are_environments_of_every_model(model, tmp_path):
    plain = energies(model, 2.45, tmp_path)
    assert energies(model, table(tmp_path, LENGTHS[model], 2.45, unit="1/nm"), tmp_path) == pytest.approx(
        plain, rel=1e-7
    )
    path = tmp_path / "substrate.toml"
    path.write_text('[[slab]]\nside = "below"\nparallel = { value = 3.9, unit = "1", source = "static SiO2" }\n')
    assert energies(model, str(path), tmp_path) == pytest.approx(plain, rel=1e-7)
    path.write_text(path.read_text() + sheet(LENGTHS[model] / 10, 3.0, "both"))
    assert energies(model, str(path), tmp_path) == pytest.approx(plain, rel=1e-7)
    assert not np.allclose(energies(model, "hBN-SiO2", tmp_path), plain, rtol=1e-3)


def test_a_table_on_file_is_read_beside_its_environment_and_counts_as_the_input_does(tmp_path):
    (tmp_path / "mine.toml").write_text(
        '[table]\nfile = "w.dat"\nq_unit = "1/angstrom"\ncolumn = "W"\nunit = "eV*angstrom^2"\nsource = "a'
        ' calculation"\n'
    )
    q, hashes = np.linspace(0.02, 0.6, 30), []
    for kappa in (2.0, 3.0):
        w = 2 * np.pi * 14.399645 / (q * (kappa + 45.0 * q))
        (tmp_path / "w.dat").write_text("# q W\n" + "\n".join(f"{x:.15g} {y:.15g}" for x, y in zip(q, w)))
        assert energies("valley", str(tmp_path / "mine.toml"), tmp_path) == pytest.approx(
            energies("valley", kappa, tmp_path), rel=1e-7
        )
        (tmp_path / "input.toml").write_text(
            f'model = "valley"\nenvironment = "{tmp_path / "mine.toml"}"\n{INPUTS["valley"]}'
        )
        hashes.append(load_plan(str(tmp_path / "input.toml"), []).points[0].hash)
    assert hashes[0] != hashes[1]


@pytest.mark.parametrize("kind", ["building block", "columns", "HDF5", "HDF5 with units"])
def test_tables_in_arrays(tmp_path, kind):
    q, length = np.linspace(0.0, 1.2, 40), 45.0
    inverse = 1 / (1 + length * q)
    text = '[table]\nfile = "mine.npz"\nq_unit = "1/angstrom"\ncolumn = "epsilon_inverse"\nsource = "x"\n'
    if kind == "building block":  # of GPAW, in atomic units; frequencies are the second axis
        response = (inverse - 1) * (q * 0.529177210903) / (2 * np.pi)
        np.savez(
            tmp_path / "mine-chi.npz",
            q_abs=q * 0.529177210903,
            chiM_qw=np.stack([response, 0 * response], axis=1).astype(complex),
            omega_w=[0, 1],
        )
        text = '[table]\nfile = "mine-chi.npz"\nsource = "GPAW"\n'
    elif kind == "columns":
        np.savez(tmp_path / "mine.npz", q=q, epsilon_inverse=inverse)
    else:
        hdf5_table(
            tmp_path / "mine.h5",
            {"q": q, "epsilon_inverse": inverse},
            {"q": "1/angstrom", "epsilon_inverse": "1"} if "units" in kind else {},
        )
        text = text.replace("npz", "h5").replace(
            'q_unit = "1/angstrom"\n', "" if "units" in kind else 'q_unit = "1/angstrom"\n'
        )
    (tmp_path / "mine.toml").write_text(text)
    law = interaction_of(0.0, load_environment(str(tmp_path / "mine.toml")))
    momenta, length = np.array([1e-2, 1.0, 7.0, 30.0]), 0.1 * length  # nm
    assert law.in_momentum(momenta) == pytest.approx(2 * np.pi / (momenta * (1 + length * momenta)), rel=1e-9)


def hdf5_table(path, datasets, units):
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file.create_dataset(name, data=values)
        for name, unit in units.items():
            file[name].attrs["units"] = unit


Q = np.linspace(0, 1, 5)
#: what is wrong with a table of W or epsilon in arrays: the datasets, their units, and the message
WRONG_ARRAYS = {
    "expected datasets q and epsilon, found W, q": ({"q": Q, "W": Q}, {}),
    "expected datasets q and epsilon, found none": ({}, {}),
    "dataset q: expected numbers in 1 dimension(s), found float64 of shape (5, 1)": (
        {"q": Q[:, None], "epsilon": 1 + Q},
        {},
    ),
    "dataset epsilon: expected numbers in 1 dimension(s), found |S1 of shape (5,)": (
        {"q": Q, "epsilon": np.array([b"a"] * 5)},
        {},
    ),
    "dataset epsilon: expected real numbers, found imaginary parts up to 0.5": ({"q": Q, "epsilon": 1 + Q + 0.5j}, {}),
    "dataset epsilon: expected finite numbers, found nan in row 3": (
        {"q": Q, "epsilon": np.where(Q == 0.5, np.nan, 1 + Q)},
        {},
    ),
    "dataset epsilon: expected as many values as momenta, 5, found 4": ({"q": Q, "epsilon": 1 + Q[1:]}, {}),
    "table.q_unit: expected '1/nm', as the environment says, found '1/angstrom'": (
        {"q": Q, "epsilon": 1 + Q},
        {"q": "1/angstrom"},
    ),
    "table.q_unit: expected '1/nm', as the environment says, found 'eV'": ({"q": Q, "epsilon": 1 + Q}, {"q": "eV"}),
    "dataset chiM_qw: expected numbers in 2 dimension(s), found float64 of shape (5,)": (
        {"q_abs": Q, "chiM_qw": -Q},
        {},
    ),
}


@pytest.mark.parametrize(
    ("message", "kind"),
    # units stand in HDF5 alone, blocks are .npz
    [
        (m, k)
        for m, (data, units) in WRONG_ARRAYS.items()
        for k in ("h5", "npz")
        if not (units and k == "npz" or "chiM_qw" in data and k == "h5")
    ],
)
def test_malformed_arrays_are_told_with_file_dataset_expected_and_found(message, kind, tmp_path):
    (datasets, units), block = WRONG_ARRAYS[message], "chiM_qw" in message
    hdf5_table(tmp_path / "w.h5", datasets, units) if kind == "h5" else np.savez(tmp_path / "w.npz", **datasets)
    stated = "" if block else 'q_unit = "1/nm"\ncolumn = "epsilon"\n'
    (tmp_path / "mine.toml").write_text(f'[table]\nfile = "w.{kind}"\nsource = "x"\n{stated}')
    with pytest.raises(ValueError) as caught:
        load_environment(str(tmp_path / "mine.toml"))
    assert f"{tmp_path}/w.{kind}" in str(caught.value) and message in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"), [(b"PK nonsense", "is not an? (readable )?{} file"), (None, "cannot read the table")]
)
@pytest.mark.parametrize(("file", "kind"), [("no.npz", ".npz"), ("no.h5", "HDF5")])
def test_arrays_that_are_none(file, kind, content, message, tmp_path):
    (tmp_path / "mine.toml").write_text(f'[table]\nfile = "{file}"\nq_unit = "1/nm"\ncolumn = "W"\nsource = "x"\n')
    if content:
        (tmp_path / file).write_bytes(content)
    with pytest.raises(ValueError, match=message.format(kind)):
        load_environment(str(tmp_path / "mine.toml"))


NUMBER = '{{ value = {}, unit = "{}", source = "x" }}'.format


def sheet(length, height, carriers, gap=None):
    """Return a sheet as an environment file has it: r0 and height, nm."""
    numbers = {"r0": (length, "nm"), "height": (height, "nm")} | ({} if gap is None else {"gap_parallel": (gap, "1")})
    return f'[[sheet]]\ncarriers = "{carriers}"\n' + "".join(
        f"{key} = {NUMBER(*value)}\n" for key, value in numbers.items()
    )


@pytest.mark.parametrize("model", INPUTS)
def test_electron_and_hole_in_two_sheets(model, tmp_path):
    """As the interaction of two sheets makes it, weaker than in one;
    models of light and exchange say why they cannot.
    """
    path = tmp_path / "sheets.toml"
    path.write_text(sheet(3.9, 0.65, "electron") + sheet(4.5, 0, "hole"))
    if model in ("formation", "valley"):
        with pytest.raises(InputError, match="environment = .* electron and hole are in different sheets"):
            energies(model, str(path), tmp_path)
        return
    found = energies(model, str(path), tmp_path)
    path.write_text(sheet(3.9, 0.65, "hole") + sheet(4.5, 0, "electron"))
    assert energies(model, str(path), tmp_path) == pytest.approx(found, rel=1e-9)  # reciprocity
    path.write_text(sheet(3.9, 0.0, "electron") + sheet(4.5, 0, "hole"))
    close = energies(model, str(path), tmp_path)
    path.write_text(sheet(8.4, 0, "both"))
    assert close == pytest.approx(energies(model, str(path), tmp_path), rel=1e-9)
    assert np.all(np.abs(found) < np.abs(close)) if model == "wigner" else True


@pytest.mark.parametrize("key", ["exchange.long_range", "absorption.enabled"])
def test_what_needs_an_overlap_is_refused_for_carriers_in_two_sheets(key, tmp_path):
    (tmp_path / "sheets.toml").write_text(sheet(3.9, 0.65, "electron") + sheet(4.5, 0, "hole"))
    (tmp_path / "input.toml").write_text(
        f'model = "exciton"\nenvironment = "{tmp_path}/sheets.toml"\n{key} = true\n{INPUTS["exciton"]}'
    )
    with pytest.raises(InputError, match=f"{key} = 'true': needs the overlap of electron and hole"):
        load_plan(str(tmp_path / "input.toml"), [])


OWN = (
    '[carriers]\nelectron_A_mass = {{ value = 0.3, unit = "m0", source = "x" }}\nhole_A_mass = {{ value = 0.3, unit ='
    ' "m0", source = "x" }}\n{}'.format
)
LATTICE = '[lattice]\nconstant = { value = 3.3, unit = "angstrom", source = "x" }\n'
SCREENED = '[interaction]\nr0 = { value = 4, unit = "nm", source = "x" }\n'


@pytest.mark.parametrize(
    ("r0", "environment", "message"),
    [
        ("", "table", ""),
        ("", "sheets", ""),
        (SCREENED, "2", ""),
        ("", "2", "has no 'interaction.r0'"),
        (SCREENED, "table", "contains the screening of the layer, but .*mine.toml also gives interaction.r0: give one"),
        (SCREENED, "sheets", "contains the screening of the layer"),
    ],
)
def test_a_layer_has_its_screening_from_one_place(r0, environment, message, tmp_path):
    """From r0, or from a table or sheets: neither and both are mistakes;
    the r0 of a material that comes with hpcx does not count beside them.
    """
    (tmp_path / "mine.toml").write_text(OWN(LATTICE + r0))
    (tmp_path / "sheets.toml").write_text(sheet(3.9, 0.65, "electron") + sheet(4.5, 0, "hole"))
    path = {"table": table(tmp_path, 40.0, 2.0), "sheets": str(tmp_path / "sheets.toml")}.get(environment, 2.0)
    text = (
        f'model = "exciton"\nenvironment = {path!r}\nmaterial = "{tmp_path}/mine.toml"\nbands.model = "parabolic"\nmesh'
        " = { N = 24, k0 = 0.15 }\n"
    )
    (tmp_path / "input.toml").write_text(text)
    if message:
        with pytest.raises(InputError, match=message):
            load_plan(str(tmp_path / "input.toml"), [])
        return
    point = load_plan(str(tmp_path / "input.toml"), []).points[0]
    assert exciton_problem(point.config, point.material).w_ij.min() > 0
    if environment == "table":
        with pytest.raises(InputError, match="the input also gives interaction.r0"):
            load_plan(str(tmp_path / "input.toml"), ["material=WSe2", "parameters.interaction.r0=4 nm"])


SLAB = f'[[slab]]\nside = "above"\nparallel = {NUMBER(4, 1)}\n'
MALFORMED = {
    "has no 'kappa', no [[slab]], no [[sheet]] and no [table]": 'name = "air"\n',
    "has both kappa and slab: give one": f"kappa = {NUMBER(2, 1)}\n{SLAB}",
    "has no 'side' in its slab number 1": f"[[slab]]\nparallel = {NUMBER(4, 1)}\n",
    "has no 'parallel' in its slab number 2": f'{SLAB}[[slab]]\nside = "below"\n',
    "slab.1.side = 'left': expected 'above' or 'below' or 'both'": SLAB.replace("above", "left"),
    "slab.1.parallel = 0.5 1: expected from 1 to 1000": SLAB.replace("4", "0.5"),
    "slab number 1 above the layer has no thickness, so nothing can lie behind it": SLAB + SLAB,
    "slab.1.thicknes = 1 nm: is not used by any model; did you mean 'slab.*.thickness'?": (
        f"{SLAB}thicknes = {NUMBER(1, 'nm')}\n"
    ),
    "slab.1.thickness = 1 eV: ": f"{SLAB}thickness = {NUMBER(1, 'eV')}\n",
    "has no 'height' in its sheet number 1": f'[[sheet]]\ncarriers = "both"\nr0 = {NUMBER(4, "nm")}\n',
    "must have one sheet with the hole among its carriers, and has 0": sheet(4, 0, "electron"),
    "must have one sheet with the electron among its carriers, and has 2": (
        sheet(4, 0, "electron") + sheet(4, 1, "both")
    ),
    "has both kappa and sheet: give one": f"kappa = {NUMBER(2, 1)}\n{sheet(4, 0, 'both')}",
    "sheet.1.carriers = 'exciton': expected 'electron' or 'hole' or 'both'": sheet(4, 0, "exciton"),
    "has no 'table.q'": f"[table]\nepsilon = {NUMBER([1, 2], 1)}\n",
    "has none of epsilon, epsilon_inverse, W in [table]: give one": f"[table]\nq = {NUMBER([1, 2], '1/nm')}\n",
    "momenta must ascend from 0 or above; row 2 does not": (
        f"[table]\nq = {NUMBER([1, 1], '1/nm')}\nepsilon = {NUMBER([1, 2], 1)}\n"
    ),
    "2 momenta and 3 values": f"[table]\nq = {NUMBER([1, 2], '1/nm')}\nepsilon = {NUMBER([1, 2, 3], 1)}\n",
    "the line through the first two points must be positive at q = 0": (
        f"[table]\nq = {NUMBER([1, 2, 3], '1/nm')}\nepsilon = {NUMBER([1, 3, 3.5], 1)}\n"
    ),
    "W is infinite at q = 0": f"[table]\nq = {NUMBER([0, 1], '1/nm')}\nW = {NUMBER([9, 3], 'eV*nm^2')}\n",
    "no interaction 'ours'; known are thin-layer": f'interaction = "ours"\nkappa = {NUMBER(2, 1)}\n',
    "has no 'table.column' for its table.file": '[table]\nfile = "w.dat"\nq_unit = "1/nm"\nsource = "x"\n',
    "cannot read the table": '[table]\nfile = "none.dat"\nq_unit = "1/nm"\ncolumn = "W"\nsource = "x"\n',
    "line 2: expected two numbers, q and a value, found '0.1 a'": (
        '[table]\nfile = "w.dat"\nq_unit = "1/nm"\ncolumn = "epsilon"\nsource = "x"\n'
    ),
}


@pytest.mark.parametrize(("model", "message"), zip(cycle(INPUTS), MALFORMED))
def test_malformed_environments_are_told_with_what_is_wrong(model, message, tmp_path):
    (tmp_path / "mine.toml").write_text(MALFORMED[message])
    (tmp_path / "w.dat").write_text("0 1\n0.1 a\n")
    with pytest.raises(InputError) as caught:
        energies(model, str(tmp_path / "mine.toml"), tmp_path)
    assert message in str(caught.value)


def test_a_written_permittivity_beside_an_environment_is_told(tmp_path):
    (tmp_path / "input.toml").write_text(
        'model = "exciton"\nmaterial = "MoS2"\nenvironment = "hBN"\nmesh.N = 24\nmesh.k0 = 0.1\nscreening.kappa = 3\n'
    )
    assert idle_keys(load_plan(str(tmp_path / "input.toml"), []).points) == [
        "screening.kappa has no effect: environment = 'hBN'"
    ]


def test_an_environment_of_ones_own_is_listed_as_one_and_a_material_as_a_material(tmp_path):
    (tmp_path / "slabs.toml").write_text(SLAB)
    found = [is_environment(name) for name in (str(tmp_path / "slabs.toml"), "hBN-SiO2", "WSe2", "hBN")]
    assert found == [True, True, False, True]
    assert "slab.1.parallel" in listing(str(tmp_path / "slabs.toml")) and "carriers.hopping" in listing("WSe2")
