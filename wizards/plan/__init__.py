from . import sales_plan_build
from . import sales_plan_import
from . import sales_plan_demand
from . import base_partner_merge
