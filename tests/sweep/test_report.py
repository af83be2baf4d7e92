"""What a run prints at its end: one table of timings, and what all points have in common once."""

import time

from hpcx.config.load import load_plan
from hpcx.parallel.run import Run, spoken
from hpcx.parallel.timings import Timings
from hpcx.parallel.traffic import Traffic
from hpcx.sweep.outlook import Outlook
from hpcx.sweep.planning import Task
from hpcx.sweep.report import report_text
from hpcx.sweep.run import Report
from hpcx.sweep.store import Entry

INPUT = 'model = "exciton"\nmaterial = "MoS2"\n[mesh]\nk0 = 0.1\n[sweep]\n"mesh.N" = [40, 60]\n'


def timings(seconds):
    found = Timings()
    found.add("products", seconds, 3)
    found.wall = 2 * seconds
    found.exchanged("products", Traffic(3, 12, 2_500_000, 0.25))
    return found


def test_a_sweep_has_one_table_and_its_remarks_once():
    entries = [Entry("done", summary=[f"energy {number}", "a remark"]) for number in range(2)]
    report = Report(entries, {0: timings(1.0), 1: timings(2.0)})
    plan = load_plan("input.toml", [], INPUT)
    text = report_text(plan, report, "", 4.0)
    assert text.count("a remark") == 1 and text.index("energy 1") < text.index("at every point\na remark")
    assert (
        text.count("products") == 2
        and "products                 3.000   50.0%        6" in text
        and "wall time                6.000" in text
    )
    assert text.endswith("\nsurroundings: kappa = 1 (screening.kappa, default)\nresults in results: 4.0 s")
    assert "products                 0.500                6        24      5.000" in text
    every = report_text(plan, report, "", 4.0, verbose=True)
    assert every.count("products") == 6 and "products                 2.000   50.0%        3" in every


def test_what_was_there_already_and_limits_beside_it_are_told(tmp_path):
    (tmp_path / "converge.h5").touch()
    plan = load_plan("input.toml", [f"output.directory={tmp_path}"], INPUT)
    text = report_text(plan, Report([Entry("done", summary=["energy"])] * 2, {}), "", 0.4)
    assert text.endswith(
        f"limits with error bars: hpcx show {tmp_path / 'converge.h5'}\nresults in {tmp_path}: 0.4 s, nothing was left"
        " to compute"
    )


def test_no_end_is_told_before_it_is_known(monkeypatch, caplog):
    run = Run(name="point", progress_interval=0.0)
    caplog.set_level("INFO", "hpcx")
    for fraction in (0.0, 0.05, 0.2):
        run.progress("states", fraction)
    assert [" left" in record.getMessage() for record in caplog.records] == [False, True]


def test_the_time_left_is_judged_by_what_this_run_has_done(monkeypatch, caplog):
    run, now = Run(name="point", progress_interval=0.0), time.monotonic()
    clock = iter([now + second for second in range(4)])
    monkeypatch.setattr("hpcx.parallel.run.time.monotonic", lambda: next(clock))
    caplog.set_level("INFO", "hpcx")
    for fraction in (0.5, 0.55, 0.6, 0.65):  # half was done before this run
        run.progress("steps", fraction)
    left = [record.getMessage() for record in caplog.records]
    assert left == [
        f"point: steps {share} % done, about {seconds} s left" for share, seconds in ((55, "9"), (60, "8"), (65, "7"))
    ]
    assert [spoken(time) for time in (1.234, 34.56, 600, 9000)] == ["1.2 s", "35 s", "10 min", "2.5 h"]


def test_the_rest_of_a_sweep_is_judged_by_its_pace(caplog):
    caplog.set_level("INFO", "hpcx")
    tasks = [Task(number, 0, seconds, False) for number, seconds in enumerate((8.0, 4.0, 2.0, 1.0))]
    done = set()
    outlook = Outlook(tasks, 2, done.__contains__, interval=0.0)
    for task, ranks, seconds in ((tasks[0], 2, 12.0), (tasks[1], 1, 12.0)):  # three times what was expected
        done.add(task.number)
        outlook.note(task, ranks, seconds)
    assert [record.getMessage() for record in caplog.records] == [
        "1 of 4 points done, about 10 s left",
        "2 of 4 points done, about 4.5 s left",
    ]
