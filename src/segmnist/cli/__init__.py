"""The `segmnist` command: one module a group of commands; nothing imports this package."""

from segmnist.cli.app import app, main

__all__ = ["app", "main"]
