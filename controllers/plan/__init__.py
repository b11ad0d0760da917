from . import sales_plan_sheet
