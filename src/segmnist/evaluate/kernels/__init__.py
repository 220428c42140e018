"""The compiled loops of scores; each also runs uncompiled (`.py_func`), and has a readable form in `reference.py`."""
