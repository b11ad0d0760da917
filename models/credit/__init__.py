from . import exposure
from . import credit_account
from . import hold_rule
from . import res_partner
from . import sale_order
