from . import credit
from . import operations
