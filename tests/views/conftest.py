"""The oracle's small bank of digits, for pictures of its posteriors."""

from tests.oracle.conftest import small_bank

__all__ = ["small_bank"]
