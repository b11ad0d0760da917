"""Forecasts of sales plans against statsforecast's AutoETS and seasonal naive, on real series.

    python3 -m venv peers && peers/bin/pip install statsforecast
    O2C_BENCH_PYTHON=peers/bin/python O2C_BENCH_SERIES=series.csv script/bench plan_forecast

The series are monthly figures in a CSV file with a head and the columns ``series`` and ``value``, the
oldest month first. Of each series up to three years are held out in turn, and forecast from the 36, 48
and 60 months before: what a plan knows at best. The error is the mean absolute scaled error (Hyndman
and Koehler, 2006): that of the year held out in units of the seasonal naive one within the months known.

Nothing is installed: without these two variables nothing is measured. O2C_BENCH_SCALE takes a part of
the series, for a first try.
"""

import csv
import json
import os
import random
import subprocess
from pathlib import Path

from odoo.addons import order_to_cash
from odoo.addons.order_to_cash.algorithms.forecast import forecast
from odoo.addons.order_to_cash.benchmarks.measure import Table

SCALE = float(os.environ.get("O2C_BENCH_SCALE", "1"))
PYTHON = os.environ.get("O2C_BENCH_PYTHON")
SERIES = os.environ.get("O2C_BENCH_SERIES")
YEAR = 12
KNOWN = (36, 48, 60)
# Months between the ends of the windows of a series.
STRIDE = 36
WINDOWS = 3
MOST_OF_AUTO_ETS = 1.05


def main():
    table = Table()
    if not PYTHON or not SERIES:
        print("  Not measured: name a Python with statsforecast in O2C_BENCH_PYTHON and monthly series")
        print("  in O2C_BENCH_SERIES; benchmarks/plan_forecast.py says how.")
        return table
    series = read_series()
    windows = [window for one in series for window in cut(one)]
    peers = peer_forecasts([known for known, _held_out in windows])
    errors = {"ours": [], "AutoETS": [], "SeasonalNaive": []}
    for (known, held_out), found in zip(windows, peers, strict=True):
        found["ours"] = forecast(known, YEAR).values
        for name, of_name in errors.items():
            of_name.append(mase(known, held_out, found[name]))
    mean = {name: sum(found) / len(found) for name, found in errors.items()}
    table.row("windows", f"{len(windows):,}")
    table.row("series", f"{len(series):,}")
    table.row("mean MASE of AutoETS", f"{mean['AutoETS']:.3f}")
    table.row("mean MASE of the seasonal naive", f"{mean['SeasonalNaive']:.3f}")
    ratio = mean["ours"] / mean["AutoETS"]
    is_met = ratio <= MOST_OF_AUTO_ETS and mean["ours"] < mean["SeasonalNaive"]
    target = f"{MOST_OF_AUTO_ETS} times AutoETS, below the naive"
    table.row("mean MASE of sales plans", f"{mean['ours']:.3f}", target, is_met)
    table.row("times AutoETS", f"{ratio:.3f}")
    return table


def read_series():
    found = {}
    with Path(SERIES).open(newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["series"], []).append(float(row["value"]))
    names = sorted(found)
    names = random.Random(6).sample(names, max(1, int(len(names) * SCALE))) if SCALE < 1 else names
    return [found[name] for name in names]


def cut(series):
    """Months known and the twelve after them; not of what never changes, whose error has no scale."""
    windows = []
    for number in range(WINDOWS):
        end = len(series) - number * STRIDE
        for length in KNOWN:
            first = end - YEAR - length
            if first >= 0 and scale(series[first:end - YEAR]):
                windows.append((series[first:end - YEAR], series[end - YEAR:end]))
    return windows


def scale(known):
    """Mean absolute error of the seasonal naive forecast within the months known."""
    return sum(abs(new - old) for old, new in zip(known, known[YEAR:], strict=False)) / (len(known) - YEAR)


def mase(known, held_out, found):
    error = sum(abs(value - real) for value, real in zip(found, held_out, strict=True)) / YEAR
    return error / scale(known)


def peer_forecasts(windows):
    script = Path(order_to_cash.__file__).parent / "benchmarks" / "peers" / "monthly_forecasts.py"
    done = subprocess.run(
        [PYTHON, script],
        input="\n".join(map(json.dumps, windows)),
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


result = main()
result.close()
