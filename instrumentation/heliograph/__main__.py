"""`python -m heliograph` is the `heliograph` command."""

from heliograph.cli import main

main()
