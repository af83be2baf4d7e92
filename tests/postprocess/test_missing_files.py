"""What a user is told who names a file that is not there: a sentence and a status, no traceback."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "postprocess"
sys.path.insert(0, str(SCRIPTS))

from common import open_result, points


@pytest.mark.parametrize("opening", [open_result, points])
def test_a_missing_file_is_told(tmp_path, opening):
    with pytest.raises(SystemExit, match="does not exist"):
        opening(tmp_path / "sweep.h5")
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(SystemExit, match="is not a result"):
        opening(tmp_path / "text.h5")


@pytest.mark.parametrize("script", ["formation_fig3.py", "valley_temperature.py", "wigner_phase_space.py"])
def test_a_script_ends_with_a_sentence(tmp_path, script):
    run = subprocess.run(
        [sys.executable, str(SCRIPTS / script), str(tmp_path / "none.h5")], capture_output=True, text=True
    )
    assert run.returncode == 1 and "none.h5 does not exist" in run.stderr and "Traceback" not in run.stderr


def test_all_figures_open_results_alike():
    figures = [path for path in SCRIPTS.glob("*.py") if "from common import" in path.read_text()]
    assert len(figures) > 20
    assert [
        path.name
        for path in figures
        if path.name != "common.py" and re.search(r"h5py\.File\([^)]*\"r\"\)", path.read_text())
    ] == []
