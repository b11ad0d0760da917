from . import sales_plan_variance
from . import sales_plan_comparison
from . import sales_plan_sheet
from . import sales_plan_variance_sheet
