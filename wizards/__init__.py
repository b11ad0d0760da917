from . import customer, hold, credit, allocation, plan, dunning, commission, operations
