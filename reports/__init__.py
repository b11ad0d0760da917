from . import credit, dunning
