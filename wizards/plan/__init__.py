from . import sales_plan_build
