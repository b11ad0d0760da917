from . import hold_decision
from . import hold_placement
from . import partner_merge
