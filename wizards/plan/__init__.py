from . import sales_plan_build
from . import sales_plan_import
