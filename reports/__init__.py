from . import hold, credit, dunning
