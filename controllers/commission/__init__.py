from . import statement
from . import payout
