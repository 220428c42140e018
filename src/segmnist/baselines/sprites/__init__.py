"""What `models/sprites.py` is made of: views and paths of digits, backgrounds, noise, and the posterior over pairs."""
