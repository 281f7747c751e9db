"""One CSV into a lake: icedeck beside DuckDB and PyIceberg, whole processes, in turns, on the same file.

usage: ingest.py ICEDECK CSV [--rounds N] [--only NAME]

Each contender runs in a process of its own in an empty folder. Printed: the best and the median wall time, processor
time and the peak of resident memory, then how many times as fast icedeck was, best against best.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

DUCKDB = """
import duckdb, sys
source, target = sys.argv[1:]
duckdb.sql(f"COPY (FROM read_csv('{source}')) TO '{target}/lineitem.parquet' (FORMAT parquet, COMPRESSION zstd)")
"""

PYICEBERG = """
import sys
import pyarrow.csv
from pyiceberg.catalog.sql import SqlCatalog
source, target, partitioned = sys.argv[1:]
rows = pyarrow.csv.read_csv(source)
catalog = SqlCatalog("bench", uri=f"sqlite:///{target}/catalog.db", warehouse=f"file://{target}")
catalog.create_namespace("tpch")
table = catalog.create_table("tpch.lineitem", rows.schema)
if partitioned == "yes":
    with table.update_spec() as spec:
        spec.add_field("l_shipdate", "month", "l_shipdate_month")
table.append(rows)
"""


@dataclass
class Contender:
    """A way to load the file: what makes the folder ready, and the command that is timed."""

    name: str
    command: list
    prepare: list = field(default_factory=list)
    runs: list = field(default_factory=list)


@dataclass
class Run:
    seconds: float
    processor: float
    peak_mib: float


def measured(command, home):
    """Runs a command to its end and says what it took."""
    begun = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment(home))
    errors = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - begun
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{command[0]} ended with {child.returncode}: {errors.decode(errors='replace')[-2000:]}")
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def environment(home):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ICEDECK_", "PYICEBERG_"))}
    return kept | {"HOME": str(home)}


def contenders(icedeck, csv, partitioned):
    layout = ["--partition-by", "month(l_shipdate)"] if partitioned else []
    found = [
        Contender(
            "icedeck ingest",
            [icedeck, "ingest", csv, "tpch.lineitem", "--yes"],
            [[icedeck, "create-namespace", "tpch", "--yes"],
             [icedeck, "create", "tpch.lineitem", "--like", csv, "--yes", *layout]],
        ),
        Contender("PyIceberg append", [sys.executable, "-c", PYICEBERG, csv, "{home}", "yes" if partitioned else "no"]),
    ]
    if not partitioned:
        found.insert(1, Contender("DuckDB COPY", [sys.executable, "-c", DUCKDB, csv, "{home}"]))
    return found


def compete(title, field_of_runners, rounds):
    """All contenders in turns, so that a slow minute of the machine meets each alike."""
    for _ in range(rounds):
        for contender in field_of_runners:
            home = Path(tempfile.mkdtemp(prefix="icedeck-bench-"))
            try:
                for step in contender.prepare:
                    measured(step, home)
                os.sync()
                command = [part.replace("{home}", str(home)) for part in contender.command]
                contender.runs.append(measured(command, home))
            finally:
                shutil.rmtree(home, ignore_errors=True)
    report(title, field_of_runners)


def report(title, field_of_runners):
    print(f"\n{title}")
    print(f"  {'':18} {'best s':>8} {'median s':>9} {'cpu s':>7} {'peak MiB':>9} {'icedeck is':>12}")
    own = min(run.seconds for run in field_of_runners[0].runs)
    for contender in field_of_runners:
        best = min(contender.runs, key=lambda run: run.seconds)
        median = statistics.median(run.seconds for run in contender.runs)
        peak = max(run.peak_mib for run in contender.runs)
        times = "" if contender is field_of_runners[0] else f"{best.seconds / own:.2f} times"
        print(f"  {contender.name:18} {best.seconds:8.2f} {median:9.2f} {best.processor:7.2f} {peak:9.0f} {times:>12}")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("icedeck")
    parser.add_argument("csv")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="only the contenders whose name holds this")
    given = parser.parse_args()
    csv = str(Path(given.csv).resolve())
    icedeck = str(Path(given.icedeck).resolve())
    size = Path(csv).stat().st_size
    print(f"{csv}: {size / 1e6:.0f} MB; {os.cpu_count()} cores; {given.rounds} rounds")
    with open(csv, "rb") as warm:  # into the page cache, for all alike
        while warm.read(1 << 24):
            pass
    for partitioned in (False, True):
        runners = [c for c in contenders(icedeck, csv, partitioned) if not given.only or given.only in c.name]
        compete("partitioned by month(l_shipdate)" if partitioned else "unpartitioned", runners, given.rounds)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
