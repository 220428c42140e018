"""A stored data set described on one page that loads nothing from anywhere."""

from segmnist.views.report.page import report_page
from segmnist.views.report.survey import Survey, survey

__all__ = ["Survey", "report_page", "survey"]
