"""What our threads import must not be found half made by the application's."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION = """
import sys
import heliograph
heliograph.configure(endpoint="http://127.0.0.1:9", instrument=False)
assert "httpx2" not in sys.modules, "nothing is imported before its time"
import openai
assert hasattr(sys.modules.get("httpx2"), "Response"), "openai 2.54 looks for it there"
"""


def test_httpx2_is_whole_before_the_application_can_use_openai(tmp_path: Path) -> None:
    (tmp_path / "openai.py").write_text("")  # openai 3 imports httpx2 itself
    (tmp_path / "application.py").write_text(APPLICATION)
    subprocess.run([sys.executable, "application.py"], cwd=tmp_path, check=True, timeout=60)
