from . import commission_statement
from . import commission_audit
from . import what_if
