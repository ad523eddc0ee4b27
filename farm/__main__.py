"""`python -m farm`: the same as the console script `farm`."""

from farm.commands.main import main

if __name__ == "__main__":
    main()
