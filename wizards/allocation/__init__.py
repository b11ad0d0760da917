from . import out_of_turn
