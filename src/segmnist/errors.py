"""What segmnist raises: one base class, so that a caller can catch everything, and a few leaves."""

from __future__ import annotations


class SegmnistError(Exception):
    """Base of every error that segmnist raises on purpose. The message is one line that a user can act on."""


class BadArgument(SegmnistError, ValueError):
    """A value that the caller gave is not permitted. Names the argument, the value, the permitted range, the likely fix.

    >>> raise BadArgument("num_frames", 0, "1..10000", "ask for at least one frame")
    Traceback (most recent call last):
    segmnist.errors.BadArgument: num_frames=0 is not permitted: expected 1..10000; ask for at least one frame
    """

    def __init__(self, argument: str, value: object, permitted: str, fix: str = "") -> None:
        self.argument, self.value, self.permitted, self.fix = argument, value, permitted, fix
        super().__init__(
            f"{argument}={value!r} is not permitted: expected {permitted}" + (f"; {fix}" if fix else "")
        )

    def __reduce__(self) -> tuple[type[BadArgument], tuple[str, object, str, str]]:
        # Worker processes send errors home by pickle, which would call __init__ with the message alone.
        return type(self), (self.argument, self.value, self.permitted, self.fix)


class CorruptData(SegmnistError):
    """Stored bytes are not what their checksum or format says. Names the file and what is wrong with it."""


class MissingDependency(SegmnistError, ImportError):
    """An optional library is not installed. Names the extra that brings it."""

    def __init__(self, feature: str, extra: str) -> None:
        self.feature, self.extra = feature, extra
        super().__init__(
            f"{feature} needs an optional library; install it with: pip install 'segmnist[{extra}]'"
        )

    def __reduce__(self) -> tuple[type[MissingDependency], tuple[str, str]]:
        return type(self), (self.feature, self.extra)
