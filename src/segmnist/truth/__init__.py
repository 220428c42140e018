"""What is true of a clip besides its pixels: the catalog of truths, and those that follow from a scene's masks and poses."""
