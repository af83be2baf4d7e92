"""`hpcx check` of 10 000 points of every model, in 10 s of a processor as fast as the reference machine's."""

from __future__ import annotations

import resource

import pytest

from hpcx.parallel.machine import measured

DISK = (
    '[mesh]\nN = 60\nk0 = 0.1\n[sweep]\n"mesh.N" = { start = 20, stop = 119, step = 1 }\n"screening.kappa" = { start ='
    " 1, stop = 10.9, step = 0.1 }\n"
)
WIGNER = (
    'temperature = 77\n[sweep]\ntemperature = { start = 51, stop = 150, step = 1 }\n"SECOND" = { start = 1, stop ='
    " 10.9, step = 0.1 }\n"
)
PUMPS = (
    '"pump.photon_energy" = { start = 2.3, stop = 2.795, step = 0.005 }\n"dephasing.continuum" = { start = 10, stop ='
    " 109, step = 1 }\n"
)
VALLEY = (
    'temperature = 77\n[sweep]\ntemperature = { start = 51, stop = 150, step = 1 }\n"pump.density" = { start = 1, stop'
    " = 100, step = 1 }\n"
)
#: by name model, material and the rest of an input; the second one of `wigner` has 1s states of its own for every
#: permittivity
CASES = {
    "exciton": ("exciton", "MoS2", DISK),
    "trion": ("trion", "MoS2", DISK),
    "wigner": ("wigner", "WS2", WIGNER.replace("SECOND", "mechanisms.disorder")),
    "environments": ("wigner", "WS2", WIGNER.replace("SECOND", "environment")),
    "formation": ("formation", "MoS2", f"[pump]\nphoton_energy = 2.29\n[sweep]\n{PUMPS}"),
    "valley": ("valley", "WSe2", VALLEY),
}
SECONDS = 10.0


@pytest.mark.validate
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("ranks", [1, 192])
def test_ten_thousand_points_are_checked_in_seconds(hpcx, write, case, ranks):
    model, material, rest = CASES[case]
    name = write(text=f'model = "{model}"\nmaterial = "{material}"\n{rest}')
    begin = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = hpcx("check", name, "--ranks", str(ranks), "--memory", "4 GB", timeout=250)
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert run.returncode == 0 and "(20 of 10000 points are listed" in run.stdout, run.stdout[-2000:] + run.stderr
    spent = end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime
    print(f"check of 10 000 points, {case} on {ranks} rank(s): {spent:.1f} s of processor time, {measured()}")
    assert spent < SECONDS * max(1.0, measured().calls)
