from . import day_cycle
from . import getting_started
