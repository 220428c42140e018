"""Clips as pictures and films, from arrays alone; `segmnist.preview` has the names that are public."""
