from . import bad_debts
from . import dunning_letter
from . import collection_sheet
from . import collection_order
from . import collection_salesperson
from . import collection_month
