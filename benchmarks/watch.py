"""Run a command and note its seconds and largest resident memory: watch.py NOTE COMMAND ...

A process of its own, and a small one: Linux counts the memory of the process that starts another
as the other's, until that has taken more.
"""

import json
import os
import sys
import time


def main() -> None:
    note, *command = sys.argv[1:]
    started = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - started
    with open(note, "w") as file:
        json.dump({"seconds": seconds, "peak_mb": round(usage.ru_maxrss / 1024, 1)}, file)
    sys.exit(os.waitstatus_to_exitcode(status) and 1)


if __name__ == "__main__":
    main()
