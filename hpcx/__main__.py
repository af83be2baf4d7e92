"""`python -m hpcx` is the command `hpcx`."""

from hpcx.cli import main

if __name__ == "__main__":
    main()
