"""The ``albert`` command."""

import os
import signal
import sys

from . import _native


def main() -> None:
    """Run the command line of this process."""
    # Python's handler would wait until the command has ended.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # verify-checkpoint looks for torch here first.
    os.environ.setdefault("ALBERT_PYTHON", sys.executable)
    sys.exit(_native.command(["albert", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
