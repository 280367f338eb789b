"""Where the prepared models, the virtual environment and the programs lie."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = HERE.parent
REPOSITORY = PEERS.parents[1]
sys.path.append(str(PEERS.parent))
import blocks  # noqa: E402, F401


def add_dir_argument(parser) -> None:
    default = Path(os.environ.get("PEERS_DIR", REPOSITORY / "target" / "peers"))
    parser.add_argument("--dir", type=Path, default=default, help="prepared models and engines (default: %(default)s)")


class Layout:
    """Paths below one folder."""

    def __init__(self, root: Path):
        self.root = root.resolve()
        self.python = self.root / "venv" / "bin" / "python"
        #: Built as a user would: one program for every CPU.
        self.portable = self.root / "build" / "portable"
        #: Built for the CPUs of the last ten years, for engines that choose some code at compile time.
        self.tuned = self.root / "build" / "tuned"

    def program(self, name: str) -> Path:
        tuned = name in ("peer-rten", "peer-candle")
        return (self.tuned if tuned else self.portable) / "release" / name

    @property
    def isa_cap(self) -> Path:
        return self.portable / "release" / "libisa_cap.so"

    def models(self, geometry: str) -> Path:
        return self.root / "models" / geometry
