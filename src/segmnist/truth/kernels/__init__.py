"""Compiled loops of the truths that follow from masks and poses: `measures` (areas, boxes, occluders) and `flow`.

As in `render/kernels`, the caller allocates, and rows of masks are bits, 64 columns in a word.
"""
