from . import res_company
from . import res_config_settings
from . import stock_move
from . import stock_rule
from . import sale_order_line
from . import ranking
