from . import daily_step
from . import res_company
