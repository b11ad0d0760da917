from . import credit_exposure
from . import credit_score
from . import day_cycle
from . import getting_started
from . import opening_document
from . import account_move
from . import sale_order
from . import sale_order_line
