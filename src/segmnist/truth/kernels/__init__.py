"""Compiled loops of the truths that follow from masks and poses: `measures` (areas, boxes, occluders) and `flow`.

As in `render/kernels`, the caller allocates, an output that was not asked for has zero size, and frames are offsets into flat
arrays.
"""
