"""Compiled loops: the arrays of a Scene to pixels, masks and flow, bit for bit as `reference.py` says.

`clips` draws a batch; `noise`, `shapes` and `digits` are its layers, from back to front. `measures`, `flow` and `occlusion`
follow from masks and poses. `blocks` reads and writes 16 or 64 pixels at once. The caller allocates every array; an output that
was not asked for has zero size. Numbers in the comments are microseconds a 64x64 frame of the `standard` preset on one core.

Three habits make the loops fast. No reference is counted: arrays are `borrowed`, and what is called for each digit or row takes
addresses and whole numbers alone. Pixels are read and written 16 or 64 at a time, by vector instructions that are asked for
explicitly. And a mask of which only places or counts are wanted is bits, 64 columns in a word.
"""
