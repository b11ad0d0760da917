from . import hold
from . import credit
from . import operations
