# The order is the direction of dependencies: a domain knows those above it only.
from . import customer
from . import hold
from . import credit
from . import allocation
from . import plan
from . import dunning
from . import commission
from . import operations
