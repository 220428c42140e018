"""Compiled loops of drawing: the arrays of a Scene to pixels and masks, bit for bit as `reference.py` draws them.

`clips` draws a batch; `noise`, `shapes` and `digits` are its layers, from back to front; `blocks` writes 16 pixels at
once. The caller allocates every array; an output that was not asked for has zero size. Numbers in the comments are
microseconds a 64x64 frame of the `standard` preset on one core.

Three habits make the loops fast. Frames are addressed as offsets into flat arrays: a slice would count references, an atomic
operation each. Indexes into pixels are unsigned: a signed one brings a wrap-around check that keeps LLVM from using
vector instructions (shapes: 1.27 signed, 0.39 unsigned). And pixels are written 16 at a time, by vector instructions that are
asked for explicitly (see `blocks`).
"""
