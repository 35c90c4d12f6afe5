"""`make model`: many random sequences, on every core; ends with how many there were, and how fast.

Each process has servers of its own and a seed of its own, one after the other from MODEL_SEED.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

_TEST = "tests/property/test_model.py"


def main() -> int:
    """Run as many processes as there are cores; the worst exit code."""
    wanted = int(os.environ.get("MODEL_SEQUENCES") or 2_000)
    seed = int(os.environ.get("MODEL_SEED") or random.randrange(10**6))
    parts = max(1, min(os.cpu_count() or 1, wanted))
    counts = [wanted // parts + (part < wanted % parts) for part in range(parts)]
    print(f"{wanted} sequences in {parts} processes from MODEL_SEED={seed}", flush=True)
    started = time.monotonic()
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "pytest", _TEST, "--show-capture=stdout", *sys.argv[1:]],
            env={**os.environ, "MODEL_SEQUENCES": str(count), "MODEL_SEED": str(seed + part)},
        )
        for part, count in enumerate(counts)
    ]
    try:
        codes = [process.wait() for process in running]
    except KeyboardInterrupt:
        codes = [process.wait() for process in running]  # they were interrupted too, and clean up
    minutes = (time.monotonic() - started) / 60
    print(f"{wanted} sequences in {minutes:.1f} minutes, {wanted / minutes:.0f} a minute: exit codes {codes}")
    return max(map(abs, codes))


if __name__ == "__main__":
    sys.exit(main())
