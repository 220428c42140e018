"""The renderer in torch tensors: the same Scene in, the same bytes out, on any device that torch has."""
