"""Examples are run from their folder, as their users do."""

import sys

from heliograph.stack._paths import config_root

sys.path.insert(0, str(config_root() / "examples"))
