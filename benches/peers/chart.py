#!/usr/bin/env python3
"""Draws the chart of results that run.py has written: chart.py RESULTS.json > latency.svg"""

import json
import sys
from pathlib import Path

from harness.chart import chart

if len(sys.argv) != 2:
    sys.exit(__doc__)
print(chart(json.loads(Path(sys.argv[1]).read_text())), end="")
