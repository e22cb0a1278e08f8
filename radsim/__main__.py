"""Run the command line with ``python -m radsim``."""

from radsim.cli.app import main

if __name__ == "__main__":
    main()
