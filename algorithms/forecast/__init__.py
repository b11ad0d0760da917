"""Forecasts of monthly or quarterly sales. Pure Python: no database, no clock, no numpy.

How it works: the history is tidied (:mod:`.history`), every method that its length allows is tried
on its last year as if that were still to come, and the one that was nearest makes the forecast
(:mod:`.choice`). The methods are in :mod:`.methods`, the smoothing they are built on in
:mod:`.smoothing`, the seasonal index in :mod:`.seasonal`.

Sources: R. J. Hyndman and G. Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed., 2021
(below: FPP3); those of single formulas stand where they are used.
"""

from .choice import Forecast, Score, forecast
from .methods import METHODS
