"""The exit codes of the `segmnist` command; 0 is success."""

FAILED = 1
BAD_USE = 2
INTERRUPTED = 130
"""The user stopped the command; shells report an interrupt in the same way."""
