"""The two versions: of the package, and of the bytes that it generates."""

__version__ = "0.1.0"

GENERATOR_VERSION = 1
"""Changes only when a pixel or a truth of any preset changes; then the golden sums in `tests/golden` change with it."""
