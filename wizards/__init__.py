from . import customer, hold, operations
