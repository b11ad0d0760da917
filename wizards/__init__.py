from . import customer, hold, credit, allocation, operations
