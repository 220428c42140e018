"""A stored data set on one HTML page; `segmnist.report` has the names that are public."""
