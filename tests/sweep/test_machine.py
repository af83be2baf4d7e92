"""What work costs on this machine: sums of work, the short measurement, and that a check says what it assumes."""

from __future__ import annotations

import time

from hpcx.parallel.machine import REFERENCE, Machine, Work, measured


def test_work_adds_up_by_what_limits_it():
    work = 2 * Work(products=1.0, calls=0.5) + Work(memory=3.0) - Work(calls=0.25)
    assert (work.products, work.arrays, work.memory, work.calls) == (2.0, 0.0, 3.0, 0.75)
    assert work.seconds == work.on(REFERENCE) == 5.75
    assert work.on(Machine(products=2.0, arrays=7.0, memory=1.0, calls=4.0)) == 4.0 + 3.0 + 3.0
    assert Work.total([work, work]) / 2 == work and Work.total([]) == Work()


def test_the_measurement_is_short_and_made_once():
    measured.cache_clear()
    begin = time.process_time()
    found = measured()
    assert time.process_time() - begin < 1.0
    assert measured() is found and all(
        0.05 < ratio < 50 for ratio in (found.products, found.arrays, found.memory, found.calls)
    )
    assert "GF/s in matrix products" in str(found)
