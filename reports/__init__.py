from . import hold, credit, allocation, plan, dunning, commission
