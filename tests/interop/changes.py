"""Every kind of change that icedeck makes, one after the other on one table; after each, readers of other makers find the
rows that there must be."""
import csv
import pathlib

import duckdb

TABLE = "mend.orders"


class Walk:
    """A table, and the ids that it must hold now."""

    more = ["amount"]

    def __init__(self, lake, readers, table=TABLE):
        self.lake, self.readers, self.table = lake, readers, table
        self.ids = []

    def run(self, *words):
        return self.lake.run(*words, "--yes")

    def file(self, *ids):
        source = self.lake.folder / f"rows-{ids[0]}.csv"
        with open(source, "w", newline="") as out:
            csv.writer(out).writerows([["id", "land", *self.more], *([i, ["DE", "FR", "PL"][i % 3], *[i / 4] * len(self.more)] for i in ids)])
        return source

    def load(self, *ids, options=()):
        self.run("ingest", self.file(*ids), self.table, *options)

    def location(self):
        rows = self.lake.json("metadata-log", self.table)
        return max(rows, key=lambda row: row["timestamp"])["file"]

    def check(self, what):
        ours = sorted(row["id"] for row in self.lake.json("rows", self.table))
        assert ours == sorted(self.ids), (what, "icedeck", ours, sorted(self.ids))
        for name, read in self.readers.items():
            theirs = sorted(read(self))
            assert theirs == ours, (what, name, theirs, ours)
        print(f"        {what}: alike by {', '.join(self.readers)}", flush=True)


def append(walk):
    walk.load(1, 2, 3, 4, options=["--create", "--partition-by", "land"])
    walk.load(5, 6)
    walk.ids = [1, 2, 3, 4, 5, 6]


def overwrite_partitions(walk):
    walk.run("tag", "create", TABLE, "six")
    walk.load(7, 10, options=["--mode", "overwrite-partitions"])
    walk.ids = [2, 3, 5, 6, 7, 10]


def rollback(walk):
    walk.run("rollback", TABLE, "--to", "six")
    walk.ids = [1, 2, 3, 4, 5, 6]


def undo_and_redo(walk):
    walk.run("undo", TABLE)
    walk.ids = [2, 3, 5, 6, 7, 10]
    walk.check("undo")
    walk.run("redo", TABLE)
    walk.ids = [1, 2, 3, 4, 5, 6]


def deleted_by_filter(walk):
    walk.run("delete", TABLE, "--where", "id >= 4 and land <> 'PL'")
    walk.ids = [1, 2, 3, 5]
    walk.check("deleted by a filter")
    walk.run("ingest", walk.file(4, 6), TABLE, "--mode", "overwrite", "--where", "land = 'DE'")
    walk.ids = [1, 2, 5, 4, 6]


def evolved_schema(walk):
    walk.run("alter", TABLE, "add-column", "note", "string", "--first")
    walk.run("alter", TABLE, "rename-column", "amount", "price")
    walk.run("alter", TABLE, "drop-column", "price")
    walk.load(8)
    walk.ids.append(8)


def evolved_partitions(walk):
    walk.run("alter", TABLE, "partition-by", "--add", "bucket(4, id) as shard")
    walk.run("alter", TABLE, "partition-by", "--drop", "land")
    walk.load(11, 12, 13)
    walk.ids += [11, 12, 13]


def sort_order(walk):
    walk.run("alter", TABLE, "sort-by", "id desc")
    walk.load(15, 14)
    walk.ids += [15, 14]


def published_branch(walk):
    walk.run("branch", "create", TABLE, "audit")
    walk.load(20, 21, options=["--branch", "audit"])
    walk.check("a branch that main does not see")
    walk.run("fast-forward", TABLE, "main", "--to", "audit")
    walk.ids += [20, 21]


def cherry_picked(walk):
    walk.run("branch", "create", TABLE, "side")
    walk.load(30, options=["--branch", "side"])
    walk.load(31)
    walk.run("cherry-pick", TABLE, "side")
    walk.ids += [31, 30]


def overwritten_whole(walk):
    walk.run("tag", "create", TABLE, "before")
    walk.load(40, 41, 42, options=["--mode", "overwrite"])
    walk.ids = [40, 41, 42]


def restored_partition(walk):
    walk.run("restore", TABLE, "--from", "before", "--filter", "id = 30", "--force")
    walk.ids.append(30)


def expired(walk):
    walk.run("expire", TABLE, "--older-than", "1ms", "--retain-last", "2")


def gzip_metadata(walk):
    walk.run("alter", TABLE, "set", "write.metadata.compression-codec=gzip")
    walk.load(50)
    walk.ids.append(50)


def third_version(walk):
    walk.run("alter", TABLE, "format-version", "3")
    walk.load(60, 61)
    walk.ids += [60, 61]


CHANGES = [append, overwrite_partitions, rollback, undo_and_redo, deleted_by_filter, evolved_schema, evolved_partitions, sort_order,
           published_branch, cherry_picked, overwritten_whole, restored_partition, expired, gzip_metadata, third_version]


def pyiceberg(walk):
    return walk.lake.catalog().load_table(TABLE).scan().to_arrow()["id"].to_pylist()


class DuckDB:
    """DuckDB with its Iceberg extension, out of its wheels: nothing is fetched when it starts."""

    def __init__(self):
        self.connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
        for name in ("avro", "httpfs", "iceberg"):
            package = __import__(f"duckdb_extension_{name}")
            found = next(pathlib.Path(package.__file__).parent.rglob(f"{name}.duckdb_extension"))
            self.connection.execute(f"LOAD '{found}'")

    def __call__(self, walk):
        rows = self.connection.execute("SELECT id FROM iceberg_scan(?)", [walk.location().removeprefix("file://")])
        return [row[0] for row in rows.fetchall()]


def every_kind_of_change(lake):
    """every kind of change of a table, read alike by PyIceberg and by DuckDB's Iceberg extension after each"""
    walk = Walk(lake, {"PyIceberg": pyiceberg, "DuckDB": DuckDB()})
    for change in CHANGES:
        change(walk)
        walk.check(change.__name__.replace("_", " "))


CHECKS = [every_kind_of_change]
