from . import dunning_level_change
from . import payment_register
from . import account_statement
from . import aged_receivable_filter
from . import collection_call
from . import partner_merge
