"""Scene -> pixels and masks: `reference` says what is drawn, `kernels` draws it fast, `engine` puts the kernels to work."""
