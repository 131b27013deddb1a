"""`python -m heliograph.guard`: print the collector's redaction processors."""

from __future__ import annotations

import sys

from heliograph.guard._collector import processors

sys.stdout.write(processors())
