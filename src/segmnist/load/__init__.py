"""Loaders: clips, generated or stored, in the form that each framework wants. Import your framework's module.

`segmnist.load.torch` (also `segmnist.torch`), `segmnist.load.lightning`, `segmnist.load.huggingface`,
`segmnist.load.grain`, and for plain NumPy `segmnist.load.iterate`.
"""

from segmnist.load.reader import Reader, iterate, open_reader

__all__ = ["Reader", "iterate", "open_reader"]
