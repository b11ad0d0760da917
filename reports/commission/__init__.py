from . import commission_report
from . import entry_sheet
from . import commission_statement
from . import payout_sheet
