from . import operations
