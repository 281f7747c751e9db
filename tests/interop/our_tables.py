"""Tables that icedeck creates and loads from local files, read by PyIceberg and DuckDB."""
import csv
import datetime as dt
import decimal
import json
import pathlib
import uuid

import duckdb
import pyarrow.parquet as pq
from pyiceberg.conversions import from_bytes
from pyiceberg.expressions import EqualTo
from pyiceberg.partitioning import PartitionField, PartitionSpec

from lake import rows_from_json, rows_of, same_rows

D = decimal.Decimal
UTC = dt.timezone.utc

# name, Iceberg type, values: the last one is null; negative times lie before 1970. The least numbers are such that truncating
# them by 3 does not overflow: Java and icedeck wrap there, Python does not.
PRIMITIVES = [
    ("a_boolean", "boolean", [True, False, True, None]),
    ("an_int", "int", [-2147483646, 2147483647, 34, None]),
    ("a_long", "long", [-9223372036854775806, 9223372036854775807, 34, None]),
    ("a_float", "float", [-1.5, 0.25, 3.0e38, None]),
    ("a_double", "double", [-1.5, 1e-300, 1.7976931348623157e308, None]),
    ("a_decimal", "decimal(9,2)", [D("-1234567.89"), D("0.01"), D("14.20"), None]),
    ("a_wide_decimal", "decimal(38,10)", [D("-1234567890123456789012345678.0123456789"), D("0.0000000001"), D("14.2000000000"), None]),
    ("a_date", "date", [dt.date(1969, 12, 31), dt.date(1582, 10, 15), dt.date(2026, 11, 21), None]),
    ("a_time", "time", [dt.time(0, 0), dt.time(23, 59, 59, 999999), dt.time(12, 30, 1), None]),
    ("a_timestamp", "timestamp", [dt.datetime(1969, 12, 31, 23, 59, 59, 999999), dt.datetime(1900, 1, 1), dt.datetime(2026, 11, 21, 3, 0), None]),
    ("a_timestamptz", "timestamptz", [dt.datetime(1969, 12, 31, 23, 59, 59, 1, UTC), dt.datetime(1900, 1, 1, tzinfo=UTC), dt.datetime(2026, 11, 21, 3, 0, tzinfo=UTC), None]),
    ("a_string", "string", ["", "Zürich, \"quoted\"\nsecond line 🦀 and more than sixteen characters", "iceberg", None]),
    ("a_uuid", "uuid", [uuid.UUID(int=0), uuid.UUID("f79c3e09-677c-4bbd-a479-3f349cb785e7"), uuid.UUID(int=2**128 - 1), None]),
    ("a_fixed", "fixed[4]", [b"\x00\x01\x02\xff", b"\xff\xff\xff\xff", b"abcd", None]),
    ("a_binary", "binary", [b"", b"\xff" * 20, b"iceberg", None]),
]

TRANSFORMS = {
    "identity": ["a_boolean", "an_int", "a_long", "a_decimal", "a_date", "a_time", "a_timestamp", "a_timestamptz", "a_string", "a_uuid", "a_fixed", "a_binary"],
    "bucket": ["an_int", "a_long", "a_decimal", "a_date", "a_time", "a_timestamp", "a_timestamptz", "a_string", "a_uuid", "a_fixed", "a_binary"],
    "truncate": ["an_int", "a_long", "a_decimal", "a_string", "a_binary"],
    "year": ["a_date", "a_timestamp", "a_timestamptz"],
    "month": ["a_date", "a_timestamp", "a_timestamptz"],
    "day": ["a_date", "a_timestamp", "a_timestamptz"],
    "hour": ["a_timestamp", "a_timestamptz"],
}


def text(value):
    """A value as a CSV cell; null is \\N, so that the empty string stays one."""
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dt.datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)


def write_primitives(lake):
    """primitives.csv and the schema that says what its columns are."""
    source = lake.folder / "primitives.csv"
    with open(source, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow([name for name, _, _ in PRIMITIVES])
        writer.writerows(zip(*[[text(v) for v in values] for _, _, values in PRIMITIVES]))
    schema = lake.folder / "schema.json"
    fields = [{"id": i + 1, "name": n, "required": False, "type": t} for i, (n, t, _) in enumerate(PRIMITIVES)]
    schema.write_text(json.dumps({"type": "struct", "schema-id": 0, "fields": fields}))
    return source, schema


def expected_rows():
    plain = lambda v: v.bytes if isinstance(v, uuid.UUID) else v
    return sorted(zip(*[[plain(v) for v in values] for _, _, values in PRIMITIVES]), key=repr)


def check_read(lake, name, expected):
    """PyIceberg and icedeck both find the expected rows."""
    table = lake.catalog().load_table(name)
    scanned = table.scan().to_arrow()
    floats = [i for i, f in enumerate(scanned.schema) if str(f.type) == "float"]
    near = lambda rows: [tuple(float(f"{v:.6g}") if i in floats and isinstance(v, float) else v for i, v in enumerate(r)) for r in rows]
    same_rows(near(rows_of(scanned)), near(expected), f"{name} by PyIceberg")
    same_rows(rows_from_json(lake.json("rows", name), scanned.schema), rows_of(scanned), f"{name} by icedeck")
    return table


def check_statistics(table):
    """Counts are exact, bounds contain every value and are tight for what is not truncated."""
    from pyiceberg.types import BinaryType, DoubleType, FixedType, FloatType, StringType
    schema = table.schema()
    for task in table.scan().plan_files():
        file = task.file
        data = pq.read_table(file.file_path.removeprefix("file://"))
        assert file.record_count == data.num_rows
        import os
        assert file.file_size_in_bytes == os.path.getsize(file.file_path.removeprefix("file://"))
        for field in schema.fields:
            if not field.field_type.is_primitive:
                continue
            values = data.column(field.name)
            what = f"{field.name} of {file.file_path}"
            assert file.value_counts[field.field_id] == len(values), what
            assert file.null_value_counts[field.field_id] == values.null_count, what
            present = [v for v in table_values(values, field) if v is not None and v == v]
            if not present:
                assert field.field_id not in file.lower_bounds, what
                continue
            low = decoded(field.field_type, file.lower_bounds[field.field_id])
            high = file.upper_bounds.get(field.field_id)
            assert low <= min(present), f"{what}: lower {low!r} > {min(present)!r}"
            truncated = isinstance(field.field_type, (StringType, BinaryType))
            if high is None:
                assert truncated, what
                continue
            high = decoded(field.field_type, high)
            assert high >= max(present), f"{what}: upper {high!r} < {max(present)!r}"
            if not truncated:
                assert low == min(present) and high == max(present), f"{what}: [{low!r}, {high!r}] is not tight"


def decoded(kind, bound):
    """A bound in the form of `table_values`."""
    value = from_bytes(kind, bound)
    return value.bytes if isinstance(value, uuid.UUID) else value


def table_values(column, field):
    """A Parquet column's values in the form of PyIceberg's decoded bounds."""
    from pyiceberg.types import DateType, TimeType, TimestampType, TimestamptzType, UUIDType
    kind = field.field_type
    if isinstance(kind, (TimestampType, TimestamptzType, TimeType)):
        return column.cast("int64").to_pylist()
    if isinstance(kind, DateType):
        return column.cast("int32").to_pylist()
    if isinstance(kind, UUIDType):
        values = column.to_pylist()
        return [v.bytes if isinstance(v, uuid.UUID) else v for v in values]
    return column.to_pylist()


def check_partitions(table):
    """Each file's partition value is what PyIceberg's own transform makes of every row in it."""
    spec, schema = table.spec(), table.schema()
    for task in table.scan().plan_files():
        data = pq.read_table(task.file.file_path.removeprefix("file://"))
        for position, field in enumerate(spec.fields):
            source = schema.find_field(field.source_id)
            transform = field.transform.transform(source.field_type)
            for value in table_values(data.column(source.name), source):
                told = task.file.partition[position]
                told = told.bytes if isinstance(told, uuid.UUID) else told
                assert transform(value) == told, f"{field.transform} of {value!r} is {transform(value)!r}, the file says {told!r}"


def primitives(lake):
    """every primitive type, nulls and times before 1970: rows and statistics by PyIceberg"""
    source, schema = write_primitives(lake)
    lake.run("create-namespace", "types", "--yes")
    lake.run("create", "types.primitives", "--schema", schema, "--yes")
    done = lake.json("ingest", source, "types.primitives", "--null", "\\N", "--yes")
    assert done["outcome"] == "committed" and done["rows"] == 4, done
    table = check_read(lake, "types.primitives", expected_rows())
    check_statistics(table)
    summary = table.current_snapshot().summary
    assert summary["icedeck.ingest-id"] == done["ingest_id"] and summary["total-records"] == "4", summary


def transforms(lake):
    """every partition transform on every type it takes: rows and partition values by PyIceberg"""
    source, schema = write_primitives(lake)
    lake.run("create-namespace", "parts", "--yes")
    for transform, columns in TRANSFORMS.items():
        for column in columns:
            name = f"parts.{transform}_{column}"
            call = {"identity": column, "bucket": f"bucket(8, {column})", "truncate": f"truncate(3, {column})"}
            lake.run("create", name, "--schema", schema, "--partition-by", call.get(transform, f"{transform}({column})"), "--yes")
            lake.run("ingest", source, name, "--null", "\\N", "--yes")
            table = check_read(lake, name, expected_rows())
            check_partitions(table)


def nanoseconds(lake):
    """hours of nanoseconds by PyIceberg, nanoseconds as they are by icedeck and the specification, before 1970 too"""
    schema = {"type": "struct", "fields": [{"id": 1, "name": "at", "required": False, "type": "timestamp_ns"}]}
    (lake.folder / "nanoseconds.json").write_text(json.dumps(schema))
    source = lake.folder / "nanoseconds.csv"
    source.write_text("at\n1969-12-31 23:59:59.999999999\n2026-11-21 03:00:00.000000001\n2026-11-21 03:59:59\n\\N\n")
    lake.run("create-namespace", "nano", "--yes")
    lake.run("create", "nano.hours", "--schema", lake.folder / "nanoseconds.json", "--format-version", 3, "--partition-by", "hour(at)", "--yes")
    lake.run("ingest", source, "nano.hours", "--null", "\\N", "--yes")
    files = lake.catalog().load_table("nano.hours").scan().plan_files()
    hours = {task.file.partition[0]: task.file.record_count for task in files}
    assert hours == {-1: 1, 498675: 2, None: 1}, hours
    lake.run("create", "nano.exact", "--schema", lake.folder / "nanoseconds.json", "--format-version", 3, "--partition-by", "at", "--yes")
    lake.run("ingest", source, "nano.exact", "--null", "\\N", "--yes")
    # PyIceberg 0.12 does not know the Avro type that the specification has for them.
    [of] = partition_types(lake.catalog().load_table("nano.exact"))
    assert of["type"][1] == {"type": "long", "logicalType": "timestamp-nanos", "adjust-to-utc": False}, of
    instants = {row["partition"]["at"] for row in lake.json("files", "nano.exact")}
    assert instants == {"1969-12-31T23:59:59.999999999", "2026-11-21T03:00:00.000000001", "2026-11-21T03:59:59", None}, instants
    assert [row["at"] for row in lake.json("rows", "nano.exact", "--filter", "at < '1970-01-01'")] == ["1969-12-31T23:59:59.999999999"]


def two_decimals(lake):
    """two decimals of one type and a uuid in the partition spec: rows, values and deletes from both sides, with PyIceberg"""
    fields = [{"id": i + 1, "name": n, "required": False, "type": t} for i, (n, t) in enumerate([("a", "decimal(9, 2)"), ("b", "decimal(9, 2)"), ("u", "uuid")])]
    (lake.folder / "decimals.json").write_text(json.dumps({"type": "struct", "fields": fields}))
    source = lake.folder / "decimals.csv"
    keys = [uuid.UUID(int=i << 120) for i in (1, 200)]
    source.write_text(f"a,b,u\n1.25,-2.50,{keys[0]}\n3.25,4.50,{keys[1]}\n")
    lake.run("create-namespace", "decimals", "--yes")
    lake.run("create", "decimals.two", "--schema", lake.folder / "decimals.json", "--partition-by", "a, b, u", "--property", "commit.manifest.min-count-to-merge=2", "--yes")
    for _ in range(3):
        lake.run("ingest", source, "decimals.two", "--yes")
    table = lake.catalog().load_table("decimals.two")
    check_partitions(table)
    assert len(table.inspect.manifests()) == 1
    rows = [(D("1.25"), D("-2.50"), keys[0].bytes), (D("3.25"), D("4.50"), keys[1].bytes)]
    check_read(lake, "decimals.two", sorted(rows * 3, key=repr))
    names = [of["type"][1]["name"] for of in partition_types(table)]
    assert len(set(names)) == 3, f"Avro wants each name once: {names}"
    table.delete(EqualTo("b", "4.50"))
    check_read(lake, "decimals.two", rows[:1] * 3)
    lake.run("ingest", source, "decimals.two", "--yes")
    lake.run("delete", "decimals.two", "--where", f"u = '{keys[0]}'", "--yes")
    check_read(lake, "decimals.two", rows[1:])


def partition_types(table):
    """The fields of partition values in the newest manifest, as its own Avro schema has them."""
    manifest = table.current_snapshot().manifests(table.io)[0]
    data = pathlib.Path(manifest.manifest_path.removeprefix("file://")).read_bytes()
    schema = json.JSONDecoder().raw_decode(data[data.index(b'{"type":"record"'):].decode("utf-8", "replace"))[0]
    record = lambda of, name: next(f for f in of["fields"] if f["name"] == name)["type"]
    return record(record(schema, "data_file"), "partition")["fields"]


def nested(lake):
    """lists, maps and structs from NDJSON: rows by PyIceberg and DuckDB"""
    records = [
        {"id": 1, "tags": ["a", None, "c"], "point": {"x": 1.5, "y": None}, "lines": [{"sku": "A", "qty": 2}]},
        {"id": 2, "tags": [], "point": None, "lines": []},
        {"id": 3, "tags": None, "point": {"x": None, "y": -2.0}, "lines": [{"sku": None, "qty": 7}, {"sku": "B", "qty": None}]},
    ]
    source = lake.folder / "nested.ndjson"
    source.write_text("".join(json.dumps(r) + "\n" for r in records))
    done = lake.json("ingest", source, "nested.things", "--create", "--yes")
    assert done["outcome"] == "committed" and done["rows"] == 3, done
    table = lake.catalog().load_table("nested.things")
    scanned = table.scan().to_arrow()
    by_id = {r["id"]: r for r in scanned.to_pylist()}
    assert by_id == {r["id"]: r for r in records}, by_id
    same_rows(rows_from_json(lake.json("rows", "nested.things"), scanned.schema), rows_of(scanned), "nested by icedeck")
    files = [t.file.file_path.removeprefix("file://") for t in table.scan().plan_files()]
    assert duckdb.sql(f"select sum(id), sum(len(tags)) from read_parquet({files!r})").fetchone() == (6, 3)


def formats(lake):
    """format versions 1, 2 and 3, two appends each: rows by PyIceberg"""
    source, schema = write_primitives(lake)
    lake.run("create-namespace", "versions", "--yes")
    for version in (1, 2, 3):
        name = f"versions.v{version}"
        lake.run("create", name, "--schema", schema, "--format-version", version, "--yes")
        for _ in range(2):
            lake.run("ingest", source, name, "--null", "\\N", "--yes")
        check_read(lake, name, sorted(expected_rows() * 2, key=repr))


def then_theirs(lake):
    """a table that icedeck made takes PyIceberg's append, delete and evolution, and icedeck's next load"""
    source = lake.folder / "plain.csv"
    source.write_text("id,name\n1,a\n2,b\n")
    lake.run("ingest", source, "both.plain", "--create", "--yes")
    table = lake.catalog().load_table("both.plain")
    table.append(table.scan().to_arrow())
    table.delete(EqualTo("name", "b"))
    with table.update_schema() as update:
        from pyiceberg.types import StringType
        update.add_column("note", StringType())
    lake.run("ingest", source, "both.plain", "--yes")
    check_read(lake, "both.plain", sorted([(1, "a", None), (1, "a", None), (1, "a", None), (2, "b", None)], key=repr))


CHECKS = [primitives, transforms, nanoseconds, two_decimals, nested, formats, then_theirs]
