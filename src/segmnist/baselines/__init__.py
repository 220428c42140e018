"""Baselines small enough to read. Each maps videos `(B, T, 1, H, W)` in 0..1 to logits `(B, T, 11, H, W)`;
all need torch.
"""
