from . import bad_debts
from . import collection
from . import receivables
from . import portal
