"""`python -m heliograph` is the `heliograph` command."""

import sys

from heliograph.cli import main

sys.exit(main())
