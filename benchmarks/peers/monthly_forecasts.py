"""Forecasts of statsforecast for windows of monthly series; for a Python that has it, without Odoo.

Reads JSON lines ``[months known]`` and writes for each a JSON line with the twelve months that follow
by ``AutoETS`` and ``SeasonalNaive``.
"""

import json
import sys

import numpy
import pandas
from statsforecast import StatsForecast
from statsforecast.models import AutoETS, SeasonalNaive

YEAR = 12
MODELS = ("AutoETS", "SeasonalNaive")


def main():
    windows = [json.loads(line) for line in sys.stdin]
    frame = pandas.concat([
        pandas.DataFrame({"unique_id": number, "ds": numpy.arange(len(known)), "y": known})
        for number, known in enumerate(windows)
    ])
    naive = SeasonalNaive(season_length=YEAR)
    engine = StatsForecast(
        models=[AutoETS(season_length=YEAR), naive], freq=1, n_jobs=1, fallback_model=naive
    )
    found = dict(iter(engine.forecast(df=frame, h=YEAR).groupby("unique_id")))
    for number in range(len(windows)):
        print(json.dumps({name: found[number][name].tolist() for name in MODELS}))


if __name__ == "__main__":
    main()
