"""`python -m heliograph.genai.vocabulary [PATH]`: print the page, or write it."""

from __future__ import annotations

from heliograph.genai.vocabulary._page import main

main()
