"""HTTP on the standard library, for what runs on an operator's machine: the meter, the inbox, the LLM server of tests.

Everything has a bound: how many connections there are, how long a request may take to arrive, how large its body may
be, how long an end takes. Nothing here knows what is served.
"""

from __future__ import annotations

__all__: list[str] = []
