"""The digits that clips are made of: MNIST, packed inside the package, or a user's own."""

from segmnist.digits.bank import DigitBank

__all__ = ["DigitBank"]
