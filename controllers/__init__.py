from . import hold
from . import credit
from . import allocation
from . import plan
from . import dunning
from . import commission
from . import operations
