"""The `segmnist` command: a module for each group of subcommands, all registered in `main.py`."""

from segmnist.cli.main import main

__all__ = ["main"]
