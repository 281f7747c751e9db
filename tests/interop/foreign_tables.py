"""Tables that PyIceberg writes in the same warehouse, read by icedeck: rows and metadata tables."""
import datetime as dt
import decimal
import uuid

import pyarrow as pa
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import BucketTransform, DayTransform, IdentityTransform, MonthTransform, TruncateTransform
from pyiceberg.types import (BinaryType, BooleanType, DateType, DecimalType, DoubleType, FixedType, FloatType, IntegerType, ListType,
                             LongType, MapType, NestedField, StringType, StructType, TimestampType, TimestamptzType, TimeType, UUIDType)

from lake import rows_from_json, rows_of, same_rows
from metadata_tables import check_metadata_tables

UTC = dt.timezone.utc
KINDS = [BooleanType(), IntegerType(), LongType(), FloatType(), DoubleType(), DecimalType(9, 2), DecimalType(38, 10), DateType(), TimeType(),
         TimestampType(), TimestamptzType(), StringType(), UUIDType(), FixedType(4), BinaryType()]
VALUES = [[True, None], [-7, None], [-2**62, None], [float("nan"), -0.5], [float("inf"), None], [decimal.Decimal("-12.34"), None],
          [decimal.Decimal("-1.0000000001"), None], [dt.date(1969, 1, 1), None], [dt.time(23, 59, 59, 999999), None],
          [dt.datetime(1969, 1, 1, 0, 0, 0, 1), None], [dt.datetime(1931, 5, 6, tzinfo=UTC), None], ["\x1b[31mred\u202e 漢字", ""],
          [b"\x00" * 16, None], [b"\x00\xff\x1b\x07", None], [b"", None]]


def all_types(lake):
    """PyIceberg's table of every primitive and nested type: rows and metadata tables by icedeck"""
    lake.run("create-namespace", "foreign", "--yes")
    fields = [NestedField(i + 1, f"c{i}", kind, required=False) for i, kind in enumerate(KINDS)]
    fields += [
        NestedField(101, "a list", ListType(102, LongType(), element_required=False), required=False),
        NestedField(103, "a.map", MapType(104, StringType(), 105, DoubleType(), value_required=False), required=False),
        NestedField(106, "struct", StructType(NestedField(107, "x", IntegerType()), NestedField(108, "ü", StringType())), required=False),
    ]
    schema = Schema(*fields)
    table = lake.catalog().create_table("foreign.types", schema)
    columns = [*VALUES, [[1, None], []], [[("k", 1.0)], []], [{"x": 1, "ü": None}, None]]
    arrow = table.schema().as_arrow()
    table.append(pa.table([pa.array(v, type=f.type) if not isinstance(f.type, pa.BaseExtensionType) else pa.ExtensionArray.from_storage(f.type, pa.array(v, f.type.storage_type)) for v, f in zip(columns, arrow)], schema=arrow))
    scanned = table.scan().to_arrow()
    same_rows(rows_from_json(lake.json("rows", "foreign.types"), scanned.schema), rows_of(scanned), "foreign.types")
    check_metadata_tables(lake, "foreign.types", table)


def history(lake):
    """PyIceberg's partitioned, evolved, tagged table with deletes: every snapshot's rows and the metadata tables by icedeck"""
    lake.run("create-namespace", "foreign", "--yes")
    schema = Schema(NestedField(1, "id", LongType()), NestedField(2, "at", TimestamptzType()), NestedField(3, "country", StringType()))
    spec = PartitionSpec(PartitionField(2, 1000, MonthTransform(), "at_month"), PartitionField(3, 1001, IdentityTransform(), "country"))
    table = lake.catalog().create_table("foreign.events", schema, partition_spec=spec)
    at = lambda i: dt.datetime(1969, 11, 1, tzinfo=UTC) + dt.timedelta(days=17 * i)
    batch = lambda a, b: pa.table({"id": list(range(a, b)), "at": [at(i) for i in range(a, b)], "country": ["DE", "a/b c", None, ""][a % 4:] * 0 + [["DE", "a/b c", None, "é"][i % 4] for i in range(a, b)]}, schema=schema.as_arrow())
    table.append(batch(0, 10))
    table.manage_snapshots().create_tag(table.current_snapshot().snapshot_id, "first").create_branch(table.current_snapshot().snapshot_id, "audit").commit()
    table.append(batch(10, 20))
    table.delete("id = 3")
    with table.update_spec() as update:
        update.add_field("id", BucketTransform(4), "id_bucket")
    with table.update_schema() as update:
        update.add_column("note", StringType(), doc="what was said")
    table.append(pa.table({"id": [100], "at": [at(3)], "country": ["FR"], "note": ["x"]}, schema=table.schema().as_arrow()))
    table.overwrite(pa.table({"id": [101], "at": [at(3)], "country": ["FR"], "note": [None]}, schema=table.schema().as_arrow()), overwrite_filter="id = 100")
    for snapshot in table.snapshots():
        scanned = table.scan(snapshot_id=snapshot.snapshot_id).to_arrow()
        records = lake.json("rows", f"foreign.events@{snapshot.snapshot_id}")
        same_rows(rows_from_json(records, scanned.schema), rows_of(scanned), f"snapshot {snapshot.snapshot_id}")
    tagged = table.scan(snapshot_id=table.snapshot_by_name("first").snapshot_id).to_arrow()
    same_rows(rows_from_json(lake.json("rows", "foreign.events@first"), tagged.schema), rows_of(tagged), "tag first")
    check_metadata_tables(lake, "foreign.events", table)


def no_snapshot(lake):
    """PyIceberg's table without a snapshot: nothing to see, no error"""
    lake.run("create-namespace", "foreign", "--yes")
    table = lake.catalog().create_table("foreign.empty", Schema(NestedField(1, "id", LongType())))
    assert lake.json("rows", "foreign.empty") == []
    check_metadata_tables(lake, "foreign.empty", table)


def by_path(lake):
    """PyIceberg's table by its folder and by its metadata file, without a catalog"""
    lake.run("create-namespace", "foreign", "--yes")
    table = lake.catalog().create_table("foreign.plain", Schema(NestedField(1, "id", LongType(), required=False)))
    table.append(pa.table({"id": pa.array([1, 2, 3], pa.int64())}))
    for place in (table.metadata_location, table.metadata_location.removeprefix("file://"), table.location().removeprefix("file://")):
        assert sorted(r["id"] for r in lake.json("rows", place)) == [1, 2, 3], place


def by_uuid(lake):
    """PyIceberg's table partitioned by uuid: rows and metadata tables by icedeck, its load beside, and PyIceberg's again"""
    lake.run("create-namespace", "foreign", "--yes")
    schema = Schema(NestedField(1, "id", LongType(), required=False), NestedField(2, "key", UUIDType(), required=False))
    spec = PartitionSpec(PartitionField(2, 1000, IdentityTransform(), "key"))
    properties = {"commit.manifest.min-count-to-merge": "2", "commit.manifest-merge.enabled": "true"}
    table = lake.catalog().create_table("foreign.keys", schema, partition_spec=spec, properties=properties)
    keys = [uuid.UUID(int=7), uuid.UUID(int=2**128 - 1), None]
    source = lake.folder / "keys.csv"
    source.write_text("id,key\n" + "".join(f"{i},{key or 'null'}\n" for i, key in enumerate(keys)))
    rows = pa.table({"id": [0, 1, 2], "key": pa.array([k and k.bytes for k in keys], pa.binary(16))})
    table.append(rows.cast(pa.schema([("id", pa.int64()), ("key", pa.binary(16))])))
    lake.run("ingest", source, "foreign.keys", "--null", "null", "--yes")
    table.refresh()
    scanned = table.scan().to_arrow()
    assert scanned.num_rows == 6
    same_rows(rows_from_json(lake.json("rows", "foreign.keys"), scanned.schema), rows_of(scanned), "foreign.keys")
    check_metadata_tables(lake, "foreign.keys", table)
    assert len(lake.json("rows", "foreign.keys", "--filter", f"key = '{keys[1]}'")) == 2


CHECKS = [all_types, history, no_snapshot, by_path, by_uuid]
