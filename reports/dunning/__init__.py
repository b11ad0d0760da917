from . import bad_debts
from . import dunning_letter
