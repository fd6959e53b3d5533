"""The keeper's process: `python -m tests.harness FOLDER`, ended by closing its standard input."""

import sys

from tests.harness.keeper import main

main(sys.argv[1])
