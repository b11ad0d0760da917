from . import hold
from . import credit
from . import allocation
from . import operations
