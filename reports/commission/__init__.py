from . import entry_sheet
