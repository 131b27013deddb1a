"""`heliograph run -- python app.py`: an unchanged program's calls of models, live in the terminal.

Two sides. The runner (`_main`) starts the program, listens on a Unix socket, and shows what it hears. In every Python
below it, `_site/sitecustomize.py` is run as the interpreter starts: it watches for libraries that call models, has the
process counted once one of them is used (`_attach`), and tells the runner (`_send`).

The runner's side needs the standard library only: it is there with the base install, without the operator's tools.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from heliograph._lazy import exports

if TYPE_CHECKING:
    from heliograph.run._main import main

__all__ = ["main"]

__getattr__ = exports(__name__, {"main": "_main"})
