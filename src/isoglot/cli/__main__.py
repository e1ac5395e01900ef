"""`python -m isoglot.cli`, where the console script is not installed."""

import sys

from isoglot.cli import main

if __name__ == "__main__":
    sys.exit(main())
