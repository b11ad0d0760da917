from . import res_company
from . import res_config_settings
from . import sales_plan
from . import sales_plan_node
from . import sales_plan_cell
from . import sales_plan_figures
from . import sales_plan_spread
from . import sales_plan_grid
