from . import bad_debts
