from . import run_sheet
