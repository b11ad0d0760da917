from . import bad_debts
from . import account_statement
from . import aged_receivable
from . import dunning_letter
from . import collection_sheet
from . import collection_order
from . import collection_salesperson
from . import collection_month
