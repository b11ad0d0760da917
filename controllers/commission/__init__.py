from . import statement
from . import payout
from . import portal
