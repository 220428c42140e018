"""Corruptions of finished videos in five severities, as ImageNet-C has them for images; labels stay exact."""

from segmnist.corruptions.corrupt import CORRUPTIONS, SEVERITIES, Corruption, corrupt

__all__ = ["CORRUPTIONS", "SEVERITIES", "Corruption", "corrupt"]
