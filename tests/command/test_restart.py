"""Runs that are killed at random moments of every model, and continued on another number of ranks."""

from __future__ import annotations

import random
import time

import pytest
from interruption import CASES, MODELS, Interrupted, check_continued, finished_files, largest_difference, make_folder

#: runs that are killed, per model; `make validate-restart`
KILLS = 20
#: those that are killed once in every `make test`; the others are a second way through the same model
EVERY_TIME = [model for model in MODELS if model not in ("absorption", "moments", "saturated")]


def kill_once(folder, seconds, ranks):
    """Kill a run after some seconds; return the results that were finished then."""
    run = Interrupted(folder, ranks=ranks)
    time.sleep(seconds)
    run.kill()
    return finished_files(folder)


@pytest.mark.parametrize("model", EVERY_TIME)
def test_kill_at_a_random_moment(model, undisturbed, tmp_path):
    reference, seconds = undisturbed(model)
    folder = make_folder(tmp_path / "killed", CASES[model])
    moment = random.uniform(0.3, 1.0) * seconds
    print(f"killed after {moment:.2f} s of {seconds:.2f} s")
    finished = kill_once(folder, moment, None)
    check_continued(folder, model, reference, finished, ranks=2)


@pytest.mark.validate
@pytest.mark.parametrize("number", range(KILLS))
@pytest.mark.parametrize("model", MODELS)
def test_kills(model, number, undisturbed, tmp_path):
    """Kill at a random moment, on changing numbers of ranks, and continue on others; tell when and what was left."""
    reference, seconds = undisturbed(model)
    folder = make_folder(tmp_path / "killed", CASES[model])
    moment, before, after = random.uniform(0.1, 1.1) * seconds, random.choice([None, 2, 3]), random.choice([None, 2, 3])
    finished = kill_once(folder, moment, before)
    left = len(list((folder / "out").glob("checkpoints/*.checkpoint.h5")))
    check_continued(folder, model, reference, finished, after)
    share = largest_difference(folder, reference, CASES[model])
    print(
        f"\n{model}: killed after {moment:.2f} s of {seconds:.2f} s on {before or 'no'} ranks with {len(finished)}"
        f" points done, {left} checkpoint files; continued on {after or 'no'} ranks: difference"
        f" {share * CASES[model].tolerance:.1e}"
    )
