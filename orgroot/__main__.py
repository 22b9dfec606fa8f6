"""`python -m orgroot`: the same as the `orgroot` command."""

from orgroot.cli.app import main

if __name__ == "__main__":
    main()
