"""How long it takes to say where an open load stands after others made 10,000 snapshots.

usage: recover.py ICEDECK [--snapshots N] [--rounds N]

The table is that of the demo's open load, with snapshots added to its metadata. Printed: the median of whole processes,
`icedeck recover assess` and `icedeck properties` of the same table, the difference of the two, which holds reading the
journal and the base and printing each change; and the assessment alone, as the program's log has it.
"""

import argparse
import gzip
import json
import pathlib
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "interop"))

from lake import Lake


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("icedeck")
    parser.add_argument("--snapshots", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="icedeck-recover-") as folder:
        lake = Lake(given.icedeck, folder)
        demo = lake.folder / "demo"
        lake.run("demo", "--dir", demo, "--no-tui")
        [load] = lake.json("--home", demo, "recover", "list")
        ingest, table = load["ingest_id"], load["table"]
        size = crowd(demo, table, given.snapshots)
        assessed = lake.json("--home", demo, "recover", "assess", ingest)
        others = len(assessed["changes"])
        assert assessed["verdict"] == "rebase" and others >= given.snapshots, (assessed["verdict"], others)
        print(f"\nan open load and {others} snapshots of others; metadata of {size / 1e6:.1f} MB")
        times = {}
        for name, words in [("load", ("properties", table)), ("assess", ("recover", "assess", ingest))]:
            times[name] = statistics.median(timed(lake, ["--home", demo, *words]) for _ in range(given.rounds))
            print(f"  icedeck {' '.join(words)[:24]:24} {times[name] * 1000:7.1f} ms")
        print(f"  {'beyond loading':32} {(times['assess'] - times['load']) * 1000:7.1f} ms")
        print(f"  {'assessing alone':32} {alone(lake, demo, ingest, given.rounds):7.1f} ms")


def alone(lake, demo, ingest, rounds):
    """The pure function, in milliseconds, as the program's own log has it."""
    for _ in range(rounds):
        lake.run("--home", demo, "--log-level", "icedeck=debug", "recover", "assess", ingest)
    log = (demo / "state" / "icedeck.log").read_text()
    return statistics.median(int(took) for took in re.findall(r"assessed elapsed_us=(\d+)", log)) / 1000


def crowd(demo, table, count):
    """Snapshots upon the table's head, as if others had made them."""
    with sqlite3.connect(demo / "catalog.db") as catalog:
        where = "WHERE table_namespace || '.' || table_name = ?"
        [[location]] = catalog.execute(f"SELECT metadata_location FROM iceberg_tables {where}", [table])
        path = pathlib.Path(location.removeprefix("file://"))
        read = gzip.open if path.name.endswith(".gz.metadata.json") else open
        with read(path) as text:
            metadata = json.load(text)
        head = max(metadata["snapshots"], key=lambda snapshot: snapshot["sequence-number"])
        assert head["snapshot-id"] == metadata["current-snapshot-id"]
        for n in range(1, count + 1):
            made = head | {"snapshot-id": n, "parent-snapshot-id": metadata["current-snapshot-id"],
                           "sequence-number": metadata["last-sequence-number"] + 1,
                           "timestamp-ms": metadata["last-updated-ms"] + 1000}
            made["summary"] = {k: v for k, v in head["summary"].items() if k != "icedeck.ingest-id"}
            metadata["snapshots"].append(made)
            metadata["snapshot-log"].append({"snapshot-id": n, "timestamp-ms": made["timestamp-ms"]})
            metadata["current-snapshot-id"] = metadata["refs"]["main"]["snapshot-id"] = n
            metadata["last-sequence-number"], metadata["last-updated-ms"] = made["sequence-number"], made["timestamp-ms"]
        crowded = path.with_name("99999-crowded.metadata.json")
        crowded.write_text(json.dumps(metadata))
        catalog.execute(f"UPDATE iceberg_tables SET metadata_location = ? {where}", [f"file://{crowded}", table])
    return crowded.stat().st_size


def timed(lake, words):
    begun = time.perf_counter()
    subprocess.run([lake.binary, *words, "-o", "json"], env=lake.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
