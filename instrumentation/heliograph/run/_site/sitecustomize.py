"""Run by every Python below `heliograph run`, as its interpreter starts.

It must be valid in any Python 3: it also meets those that do not have heliograph, and tells the runner so. It costs a
few milliseconds, leaves `sys.path` as it would have been, and goes on to the `sitecustomize` that it hides.
"""

import os
import sys


def _watch() -> bool:
    """Start watching; whether this Python has a heliograph that can."""
    for finder in sys.meta_path:
        spec = finder.find_spec("heliograph", None)
        if spec is not None:
            found = spec.submodule_search_locations or ()
            if any(os.path.exists(os.path.join(each, "run", "_attach.py")) for each in found):  # noqa: PTH110, PTH118
                import _heliograph_watch  # type: ignore[import-not-found] # beside this file

                _heliograph_watch.start()
                return True
            return False
    return False


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
    """Take this folder off `sys.path` and run the `sitecustomize` that it hides, if there is one."""
    here = os.path.dirname(__file__)  # noqa: PTH120 - `pathlib` takes some milliseconds to import
    sys.path[:] = [each for each in sys.path if each != here]
    own = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # type: ignore[import-not-found] # noqa: F401 - the other one
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        if own is not None:
            sys.modules.setdefault("sitecustomize", own)


_listener = os.environ.get("HELIOGRAPH_RUN_SOCKET")
if _listener:
    try:  # noqa: SIM105 - `contextlib` takes some milliseconds to import
        _report(_listener)
    except Exception:  # noqa: BLE001, S110 - the runner is gone, or this is a Python of another kind
        pass
_go_on()
