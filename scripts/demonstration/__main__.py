"""scripts/demo once the packages are there."""

import sys

from scripts.demonstration.main import main

sys.exit(main(sys.argv[1:]))
