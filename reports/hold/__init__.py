from . import decision_log
