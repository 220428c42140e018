"""`python -m segmnist` is the `segmnist` command."""

from segmnist.cli import main

if __name__ == "__main__":
    main()
