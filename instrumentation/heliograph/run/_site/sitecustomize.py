"""Run by every Python below `heliograph run`, as its interpreter starts.

It must be valid in any Python 3: it also meets those that do not have heliograph, and tells the runner so. It costs a
few milliseconds, leaves `sys.path` as it would have been, and goes on to the `sitecustomize` that it hides.
"""

import os
import sys


def _watch() -> bool:
    """Start watching; whether this Python has a heliograph that can."""
    try:
        from heliograph.run import _watch as watch

        watch.start()
    except Exception:  # noqa: BLE001 - must not reach the application
        return False
    return True


def _report(path: str) -> None:
    """Watch, and tell the runner that a Python runs here, by one line on a connection of its own."""
    import _socket  # not `socket`, which takes some milliseconds to import

    watched = "true" if _watch() else "false"
    version = ".".join(str(each) for each in sys.version_info[:3])
    executable = (sys.executable or "").encode("utf-8", "replace").hex()  # no quotes to escape
    said = (
        f'{{"e": "python", "pid": {os.getpid()}, "version": "{version}", "watched": {watched}, '
        f'"executable": "{executable}"}}\n'
    )
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.settimeout(0.5)
        connection.connect(path)
        connection.send(said.encode("ascii"))
    finally:
        connection.close()


def _go_on() -> None:
    """Take this folder off `sys.path` and run the `sitecustomize` behind it, if there is one."""
    here = os.path.dirname(__file__)  # noqa: PTH120 - `pathlib` takes some milliseconds to import
    sys.path[:] = [each for each in sys.path if each != here]
    from importlib.machinery import PathFinder

    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is None or spec.loader is None:
        return
    from importlib.util import module_from_spec

    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


_listener = os.environ.get("HELIOGRAPH_RUN_SOCKET")
if _listener:
    try:  # noqa: SIM105 - `contextlib` takes some milliseconds to import
        _report(_listener)
    except Exception:  # noqa: BLE001, S110 - the runner is gone, or this is a Python of another kind
        pass
_go_on()
