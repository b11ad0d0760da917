from . import opening_import
from . import opening_import_reading
from . import opening_import_checking
from . import opening_import_lines
from . import opening_import_receivable
from . import opening_import_order
from . import opening_import_files
