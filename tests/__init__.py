from . import test_architecture
from . import test_security
from . import test_algorithms_credit
from . import test_credit_exposure
from . import test_hold_orders
from . import test_hold_access
from . import test_hold_tour
from . import test_operations_day_cycle
