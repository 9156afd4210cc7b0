"""A pytest plugin that writes the outcome of each test as lines of JSON into a directory.

It is loaded into the run of an upstream suite, in the controller and in the workers of pytest-xdist: the
controller sees each test's reports and the workers' crashes, only a worker sees a module it cannot collect.
"""

import json
import os
from pathlib import Path

import pytest


class _Recorder:
    def __init__(self, directory: Path) -> None:
        self._file = directory.joinpath(f"{os.getpid()}.jsonl").open("a", encoding="utf-8")

    def _write(self, nodeid: str, outcome: str, detail: str = "") -> None:
        json.dump({"nodeid": nodeid, "outcome": outcome, "detail": detail}, self._file)
        self._file.write("\n")
        self._file.flush()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if not report.passed:
            self._write(report.nodeid, report.outcome, _reason(report))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if hasattr(report, "wasxfail") and report.skipped:
            self._write(report.nodeid, "xfailed")
        elif not report.passed:
            self._write(report.nodeid, report.outcome, _reason(report))
        elif report.when == "call":
            self._write(report.nodeid, "passed")


class _WorkerRecorder(_Recorder):
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        pass


def _reason(report: pytest.CollectReport | pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash is not None else report.longrepr)


def pytest_configure(config: pytest.Config) -> None:
    recorder = _WorkerRecorder if hasattr(config, "workerinput") else _Recorder
    config.pluginmanager.register(recorder(Path(os.environ["OUTCOMES"])))
