from . import partner_merge
from . import region_handover
