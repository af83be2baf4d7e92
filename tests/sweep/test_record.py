"""What a directory's sweep is: values may come and go, other physics is refused with the keys."""

from __future__ import annotations

import json

import pytest

from hpcx.config.load import load_plan
from hpcx.sweep.place import refuse_place
from hpcx.sweep.record import OtherPhysics, read_record, write_record

TEXT = """\
model = "exciton"
material = "MoS2"
[output]
directory = "out"
[mesh]
N = 40
k0 = 0.1
"""


@pytest.fixture
def plan(tmp_path):
    """Return a function that loads the input with `--set` words."""
    (tmp_path / "input.toml").write_text(TEXT)
    return lambda *settings: load_plan(str(tmp_path / "input.toml"), list(settings))


def test_values_and_machine_keys_may_change(plan, tmp_path):
    write_record(tmp_path, plan("sweep.mesh.N=[40, 60]"))
    for settings in (
        ["sweep.mesh.N=[60, 80, 100]"],
        [
            "sweep.mesh.N=[60]",
            "output.checkpoint=1 min",
            "output.directory=elsewhere",
            "title=other",
            "petsc.options=-x 1",
        ],
        ["sweep.mesh.k0=[0.1, 0.12]", "mesh.N=60"],
        ["sweep.material=['MoS2', 'WS2']", "mesh.N=60"],
        ["mesh.N=60", "sweep.parameters.carriers.hopping=[1.0, 1.2]"],
    ):
        write_record(tmp_path, plan(*settings))
    assert [axis["name"] for axis in read_record(tmp_path)["axes"]] == ["parameters.carriers.hopping"]
    with pytest.raises(OtherPhysics, match=r"mesh\.N: 60 -> 40"):  # it was swept once, and is fixed since
        write_record(tmp_path, plan("sweep.material=['MoS2', 'WS2']"))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("file", "Not a directory"),
        ("file/below", "Not a directory"),
        ("b" * 300, "name too long"),
        ("link", "No such"),
        ("loop", "Too many"),
    ],
)
def test_places_that_are_none(plan, tmp_path, name, why):
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    refuse_place(plan(f"output.directory={tmp_path / 'here/and/there'}"))
    with pytest.raises(OSError, match=f"cannot write to output.directory = .*{why}"):
        refuse_place(plan(f"output.directory={tmp_path / name}"))


def test_a_damaged_record_is_set_aside_and_written_anew(plan, tmp_path, caplog):
    (tmp_path / "sweep.json").write_text('{"axes": 3}')
    write_record(tmp_path, plan("sweep.mesh.N=[40, 60]"))
    (kept,) = tmp_path.glob("sweep.json.damaged.*")
    assert (
        kept.read_text() == '{"axes": 3}' and len(read_record(tmp_path)["points"]) == 2 and "is damaged" in caplog.text
    )


@pytest.mark.parametrize(
    ("settings", "keys"),
    [
        (["mesh.k0=0.12"], r"Differences \(there -> here\):\n  mesh\.k0: 0\.1 -> 0\.12$"),
        (["screening.w0=zero", "mesh.k0=0.12"], r"\n  mesh\.k0: .*\n  screening\.w0: cell-average -> zero"),
        (["parameters.carriers.hopping=1.2"], r"carriers\.hopping"),
        (["model=trion"], r"model: exciton -> trion"),
    ],
)
def test_other_physics_is_refused_and_nothing_written(plan, tmp_path, settings, keys):
    write_record(tmp_path, plan("sweep.mesh.N=[40, 60]"))
    before = (tmp_path / "sweep.json").read_text()
    with pytest.raises(OtherPhysics, match=keys):
        write_record(tmp_path, plan("sweep.mesh.N=[40, 60]", *settings))
    with pytest.raises(OtherPhysics, match=keys):
        refuse_place(plan("sweep.mesh.N=[40, 60]", *settings, f"output.directory={tmp_path}"))
    assert (tmp_path / "sweep.json").read_text() == before


def test_points_are_known_by_their_physics(plan):
    swept = plan("sweep.mesh.N=[40, 60]")
    fixed = plan("mesh.N=60", "sweep.screening.w0=['cell-average', 'zero']")
    assert swept.points[1].hash == fixed.points[0].hash
    assert len({point.hash for point in [*swept.points, *fixed.points]}) == 3
    assert json.loads(json.dumps(swept.points[0].coordinates)) == {"mesh.N": 40}
