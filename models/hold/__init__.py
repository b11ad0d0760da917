from . import hold_rule
from . import hold
from . import sale_order
from . import daily_step
