from . import hold, credit, allocation, dunning
