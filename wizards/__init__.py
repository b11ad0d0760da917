from . import customer, hold, credit, allocation, dunning, operations
