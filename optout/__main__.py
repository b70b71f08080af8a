"""python -m optout"""

import sys

from optout.cli.main import main

sys.exit(main())
