"""Eight writers append to one table for a minute: icedeck beside PyIceberg, on SQLite, REST and PostgreSQL.

usage: writers.py ICEDECK CLASSES [--seconds N] [--writers N] [--only NAME]

CLASSES is the folder of Apache Iceberg's REST server (tests/services/install). An icedeck writer starts a process for each
load, and has `recover rebase` do what a load left open; a PyIceberg writer is one process for all of its loads, which appends
again as often as it is told that others were faster. Printed, on the same catalog, one after the other: loads that landed, how
many a second, requests for each, loads that ended otherwise, and what the table says afterwards: how many of those that were
told to have landed are not there, and how many are there more than once.
"""

import argparse
import collections
import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

tests = pathlib.Path(__file__).resolve().parent.parent / "tests"
sys.path[:0] = [str(tests / "services"), str(tests / "interop")]

import java_server
import postgres
import pyarrow as pa
from lake import Lake
from pyiceberg.catalog import load_catalog

ROWS = 5
MOST_LOADS = 100_000  # of one writer; its rows have numbers of their own

PYICEBERG = f"""
import json, sys, time
import pyarrow as pa
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import CommitFailedException

name, first, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
table = load_catalog(sys.argv[5], **json.loads(sys.argv[4])).load_table(name)
print("ready", flush=True)
sys.stdin.readline()
end, landed, requests, failed = time.monotonic() + seconds, [], 0, []
while time.monotonic() < end:
    rows = pa.table({{"id": pa.array(range(first, first + {ROWS}), pa.int64())}})
    while time.monotonic() < end:
        requests += 1
        try:
            table.append(rows)
            landed.append(first)
            break
        except CommitFailedException:
            table.refresh()
        except Exception as e:
            failed.append(type(e).__name__)
            table.refresh()
            break
    first += {ROWS}
print(json.dumps([landed, requests, failed]), flush=True)
"""


class Told:
    """What the writers said."""

    def __init__(self):
        self.landed, self.requests, self.otherwise = [], 0, collections.Counter()


def icedeck(lake, catalog, table, firsts, seconds):
    """All writers at once, a thread each; every load is a process."""
    told, lock = Told(), threading.Lock()
    end = time.monotonic() + seconds

    def write(writer, first):
        while time.monotonic() < end:
            source = lake.folder / f"{writer}.csv"
            source.write_text("id\n" + "".join(f"{id}\n" for id in range(first, first + ROWS)))
            load = lake.json("--catalog", catalog, "ingest", source, table, "--yes", expect=(0, 3, 4))
            requests, how = load["attempts"], load["outcome"]
            if how != "committed":
                again = lake.json("--catalog", catalog, "recover", "rebase", load["ingest_id"], "--yes", expect=(0, 3, 4))
                requests, how = again["attempts"], again["outcome"]
                with lock:
                    told.otherwise["rebased later" if how == "committed" else how] += 1
            with lock:
                told.requests += requests
                if how == "committed":
                    told.landed.append(first)
            first += ROWS

    threads = [threading.Thread(target=write, args=pair) for pair in enumerate(firsts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def pyiceberg(catalog, properties, table, firsts, seconds):
    """All writers at once, a process each, which are ready before the clock starts."""
    told = Told()
    with contextlib.ExitStack() as stack:
        start = lambda first: subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", PYICEBERG, table, str(first), str(seconds), json.dumps(properties), catalog],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        writers = [stack.enter_context(start(first)) for first in firsts]
        for writer in writers:
            assert writer.stdout.readline() == "ready\n", "a PyIceberg writer does not start"
        for writer in writers:
            writer.stdin.write("go\n")
            writer.stdin.flush()
        for writer in writers:
            landed, requests, failed = json.loads(writer.stdout.readline())
            told.landed += landed
            told.requests += requests
            told.otherwise.update(failed)
    return told


def compete(title, lake, catalog, properties, given):
    """Both on tables of their own in the same catalog, in turns."""
    print(f"\n{title}, {given.writers} writers, {given.seconds} s")
    print(f"  {'':18} {'loads':>6} {'loads/s':>8} {'requests/load':>14} {'lost':>5} {'doubled':>8}  ended otherwise")
    peer = load_catalog(catalog, **properties)
    lake.run("--catalog", catalog, "create-namespace", "bench", "--yes")
    firsts = [writer * MOST_LOADS * ROWS for writer in range(given.writers)]
    for name, write in [
        ("icedeck ingest", lambda table: icedeck(lake, catalog, table, firsts, given.seconds)),
        ("PyIceberg append", lambda table: pyiceberg(catalog, properties, table, firsts, given.seconds)),
    ]:
        table = f"bench.{name.split()[0].lower()}"
        peer.create_table(table, pa.schema([("id", pa.int64())]))
        begun = time.monotonic()
        told = write(table)
        seconds = max(time.monotonic() - begun, given.seconds)
        there = collections.Counter(peer.load_table(table).scan().to_arrow()["id"].to_pylist())
        lost = sum(there[first + row] == 0 for first in told.landed for row in range(ROWS)) // ROWS
        doubled = sum(times > 1 for times in there.values()) // ROWS
        loads = len(told.landed)
        print(f"  {name:18} {loads:6} {loads / seconds:8.2f} {told.requests / max(loads, 1):14.2f} {lost:5} {doubled:8}  "
              f"{dict(told.otherwise) or 'none'}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("icedeck")
    parser.add_argument("classes")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--only", default="", help="only the catalogs whose name holds this")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="icedeck-writers-") as folder:
        lake = Lake(given.icedeck, folder)
        config = lake.folder / "config" / "icedeck" / "config.toml"
        config.parent.mkdir(parents=True)
        config.touch()
        for title, on in [("SQLite", on_sqlite), ("REST (Apache Iceberg, Java)", on_rest), ("PostgreSQL", on_postgres)]:
            if given.only.lower() in title.lower():
                on(title, lake, config, given)


def on_sqlite(title, lake, config, given):
    place = lake.folder / "sqlite"
    (place / "warehouse").mkdir(parents=True)
    properties = {"type": "sql", "uri": f"sqlite:///{place}/catalog.db", "warehouse": f"file://{place}/warehouse"}
    with_catalog(config, "lite", properties)
    compete(title, lake, "lite", properties, given)


def on_rest(title, lake, config, given):
    place = lake.folder / "rest"
    (place / "warehouse").mkdir(parents=True)
    with java_server.server(given.classes, place) as uri:
        properties = {"type": "rest", "uri": uri}
        with_catalog(config, "rest", properties)
        compete(title, lake, "rest", properties, given)


def on_postgres(title, lake, config, given):
    if not postgres.programs():
        print(f"\n{title}: not installed here (initdb on the path, or Debian's postgresql)")
        return
    with tempfile.TemporaryDirectory(prefix="icedeck-writers-pg-") as folder:
        pathlib.Path(folder).chmod(0o755)
        with postgres.server(pathlib.Path(folder) / "server") as port:
            properties = {"type": "sql", "uri": postgres.address(port), "warehouse": f"file://{lake.folder}/pg"}
            with_catalog(config, "pg", properties)
            compete(title, lake, "pg", properties | {"uri": postgres.address(port, "postgresql+pg8000")}, given)


def with_catalog(config, name, properties):
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in properties.items())
    with open(config, "a") as text:
        text.write(f"[catalog.{name}]\n{lines}")


if __name__ == "__main__":
    main()
