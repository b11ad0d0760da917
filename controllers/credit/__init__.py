from . import exposure_report
