"""`python -m farm`: the same as the console script `farm`."""

from farm.commands.main import main

main()
