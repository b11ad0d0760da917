from . import out_of_turn
from . import soft_reserve
