from . import hold_decision
