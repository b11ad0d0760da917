from . import customer, hold, credit, operations
