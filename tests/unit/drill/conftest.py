"""The example application is run as a user's is: from the folder `examples`."""

from __future__ import annotations

import sys

from heliograph.stack._paths import config_root

sys.path.insert(0, str(config_root() / "examples"))
