from . import commission_statement
from . import commission_audit
from . import what_if
from . import adjustment_new
from . import dispute_new
from . import settlement_batch
from . import settlement_preview
from . import settlement_preview_sheet
