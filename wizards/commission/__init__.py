from . import commission_statement
from . import commission_audit
