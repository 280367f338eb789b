"""The ``albert`` command."""

import signal
import sys

from . import _native


def main() -> None:
    """Run the command line of this process."""
    # Python's handler would wait until the command has ended.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(_native.command(["albert", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
