"""Where a long job's pieces are worked on: processes of this machine, or a Ray cluster."""

from segmnist.executors.run import EXECUTORS, Where, run

__all__ = ["EXECUTORS", "Where", "run"]
