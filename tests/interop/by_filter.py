"""Rows deleted and overwritten by filter: icedeck in one table, PyIceberg in its twin, and PyIceberg reads both alike."""
import datetime as dt

import pyarrow as pa
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform, MonthTransform
from pyiceberg.types import DateType, DoubleType, LongType, NestedField, StringType

from lake import rows_of, same_rows

SCHEMA = Schema(NestedField(1, "id", LongType()), NestedField(2, "day", DateType()), NestedField(3, "country", StringType()),
                NestedField(4, "amount", DoubleType()))
SPECS = [PartitionSpec(), PartitionSpec(PartitionField(3, 1000, IdentityTransform(), "country")),
         PartitionSpec(PartitionField(2, 1000, MonthTransform(), "day_month"))]
# icedeck's filter, and PyIceberg's for the same rows: its != and not in take nulls too.
FILTERS = [("id < 12", "id < 12"), ("day < '1970-01-05' or day > '1970-03-01'", "day < '1970-01-05' or day > '1970-03-01'"),
           ("not (day < '1970-02-01')", "day >= '1970-02-01'"), ("amount is null", "amount is null"),
           ("country <> 'FR'", "country != 'FR' and country is not null"), ("id between 40 and 44", "id >= 40 and id <= 44")]


def batch(first, last):
    ids = list(range(first, last))
    day = lambda i: dt.date(1969, 12, 1) + dt.timedelta(days=i)
    return pa.table({"id": ids, "day": [None if i % 11 == 0 else day(i) for i in ids],
                     "country": [["DE", "FR", "a/b c", None][i % 4] for i in ids],
                     "amount": [None if i % 7 == 0 else float("nan") if i % 13 == 0 else i / 3 for i in ids]},
                    schema=SCHEMA.as_arrow())


def twins(lake, spec):
    tables = []
    for name in ("foreign.ours", "foreign.theirs"):
        table = lake.catalog().create_table(name, SCHEMA, partition_spec=spec)
        for first in (0, 40, 60):
            table.append(batch(first, first + 40))
        tables.append(table)
    return tables


def cut(lake):
    """Rows deleted by filter, by icedeck and by PyIceberg: the same rows stay"""
    lake.run("create-namespace", "foreign", "--yes")
    for spec in SPECS:
        for ours, theirs in FILTERS:
            mine, other = twins(lake, spec)
            before = len(mine.scan().to_arrow())
            done = lake.json("delete", "foreign.ours", "--where", ours, "--yes")
            other.delete(theirs)
            mine.refresh()
            scanned = mine.scan().to_arrow()
            same_rows(rows_of(scanned), rows_of(other.scan().to_arrow()), f"{ours} of {spec}")
            assert done["deleted_rows"] == before - len(scanned) > 0, done
            summary = mine.current_snapshot().summary
            assert int(summary["total-records"]) == len(scanned), summary
            for name in ("foreign.ours", "foreign.theirs"):
                lake.catalog().drop_table(name)


def replaced(lake):
    """Rows overwritten by filter, by icedeck and by PyIceberg: the same rows are there"""
    lake.run("create-namespace", "foreign", "--yes")
    source = lake.folder / "rows.csv"
    source.write_text("id,day,country,amount\n1000,2026-11-21,DE,1.5\n1001,,,\n")
    rows = pa.table({"id": [1000, 1001], "day": [dt.date(2026, 11, 21), None], "country": ["DE", None], "amount": [1.5, None]},
                    schema=SCHEMA.as_arrow())
    for spec in SPECS:
        mine, other = twins(lake, spec)
        lake.run("ingest", source, "foreign.ours", "--mode", "overwrite", "--where", "country = 'DE' and id < 50", "--yes")
        other.overwrite(rows, overwrite_filter="country = 'DE' and id < 50")
        mine.refresh()
        same_rows(rows_of(mine.scan().to_arrow()), rows_of(other.scan().to_arrow()), f"{spec}")
        for name in ("foreign.ours", "foreign.theirs"):
            lake.catalog().drop_table(name)


CHECKS = [cut, replaced]
