"""A lake in a temporary folder, seen from both sides: by icedeck's command line and by PyIceberg."""
import datetime
import decimal
import json
import math
import os
import pathlib
import subprocess
import uuid

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog


class Lake:
    """One embedded warehouse; every icedeck runs with its XDG folders inside it, in a zone that is not UTC."""

    def __init__(self, binary, folder):
        self.binary = str(pathlib.Path(binary).resolve())
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data" / "icedeck"
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "ICEDECK_", "PYICEBERG_"))}
        self.env |= {"HOME": str(self.folder), "TZ": "America/St_Johns"}
        for name in ("config", "data", "state", "cache"):
            self.env[f"XDG_{name.upper()}_HOME"] = str(self.folder / name)

    def run(self, *args, expect=0):
        """The standard output of one icedeck; its exit status must be the expected one, or one of them."""
        done = subprocess.run([self.binary, *map(str, args)], env=self.env, cwd=self.folder, capture_output=True,
                              stdin=subprocess.DEVNULL, text=True, timeout=300)
        if done.returncode not in (expect if isinstance(expect, tuple) else (expect,)):
            raise AssertionError(f"icedeck {' '.join(map(str, args))}: exit {done.returncode}, not {expect}\n{done.stdout}{done.stderr}")
        return done.stdout

    def json(self, *args, expect=0):
        """The JSON document that one icedeck prints."""
        return json.loads(self.run(*args, "-o", "json", expect=expect))

    def catalog(self, data=None):
        """PyIceberg's view of the same warehouse."""
        data = data or self.data
        return SqlCatalog("icedeck", uri=f"sqlite:///{data}/catalog.db", warehouse=f"file://{data}/warehouse")


def from_json(value, kind):
    """The Python value that a cell of icedeck's JSON stands for, given its Arrow type."""
    if value is None:
        return None
    if isinstance(kind, pa.BaseExtensionType):
        return from_json(value, kind.storage_type)
    if pa.types.is_struct(kind):
        return {field.name: from_json(value[field.name], field.type) for field in kind}
    if pa.types.is_map(kind):
        pairs = value.items() if isinstance(value, dict) else [(p["key"], p["value"]) for p in value]
        return sorted((from_json(k, kind.key_type), from_json(v, kind.item_type)) for k, v in pairs)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return [from_json(item, kind.value_type) for item in value]
    if pa.types.is_integer(kind):
        return int(value)
    if pa.types.is_decimal(kind):
        assert isinstance(value, str), f"a decimal is a string: {value!r}"
        return decimal.Decimal(value)
    if pa.types.is_floating(kind):
        return canonical(float(value))
    if pa.types.is_date(kind):
        return datetime.date.fromisoformat(value)
    if pa.types.is_time(kind):
        return datetime.time.fromisoformat(value)
    if pa.types.is_timestamp(kind):
        assert (kind.tz is not None) == value.endswith("Z"), f"{value!r} for {kind}"
        return datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return bytes.fromhex(value.replace("-", ""))
    return value


def canonical(value, kind=None):
    """A Python value of PyIceberg's in the form of `from_json`."""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else value
    if isinstance(value, uuid.UUID):
        return value.bytes
    if isinstance(value, list) and kind is not None and pa.types.is_map(kind):
        return sorted((canonical(k, kind.key_type), canonical(v, kind.item_type)) for k, v in value)
    if isinstance(value, list):
        return [canonical(v, kind.value_type if kind is not None else None) for v in value]
    if isinstance(value, dict):
        return {k: canonical(v, kind.field(k).type if kind is not None else None) for k, v in value.items()}
    return value


def rows_of(table):
    """The rows of an Arrow table as canonical tuples, sorted."""
    columns = [[canonical(v, field.type) for v in table.column(i).to_pylist()] for i, field in enumerate(table.schema)]
    return sorted(zip(*columns), key=repr) if columns else []


def rows_from_json(records, schema):
    """The rows that icedeck printed as canonical tuples, sorted; their keys must be the columns, in order."""
    for record in records:
        assert list(record) == schema.names, f"columns {list(record)}, not {schema.names}"
    return sorted((tuple(from_json(r[f.name], f.type) for f in schema) for r in records), key=repr)


def same_rows(ours, theirs, what):
    """Fails with the first difference."""
    assert len(ours) == len(theirs), f"{what}: {len(ours)} rows, not {len(theirs)}"
    for mine, other in zip(ours, theirs):
        assert mine == other, f"{what}: {mine!r} is not {other!r}"
