# SPDX-License-Identifier: Apache-2.0
"""A plugin of pytest's: a failure is told when it happens, as the machine may not come to its end."""


def pytest_runtest_logreport(report):
    if report.failed:
        print(f"\n---- {report.nodeid} ({report.when})\n{report.longreprtext}", flush=True)
