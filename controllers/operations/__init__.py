from . import opening_import
