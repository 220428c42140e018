"""Results of evaluations as files, tables, pages and plots."""
