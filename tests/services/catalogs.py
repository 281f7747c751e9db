"""icedeck's embedded warehouse through Apache Iceberg's own Java catalog: names, rows, and commits of both sides. Then
one suite on every kind of catalog: the embedded one, Java's REST server (plain and behind TLS), and PostgreSQL."""
import pathlib
import sys
import tempfile
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "interop"))

import java_server
import postgres
import tls
from conformance import conforms
from demo_lake import tables
from lake import Lake, rows_from_json, rows_of, same_rows
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.catalog.sql import SqlCatalog


def main(binary, classes):
    with tempfile.TemporaryDirectory(prefix="icedeck-services-") as folder:
        lake = Lake(binary, folder)
        demo = lake.folder / "demo"
        lake.run("demo", "--dir", demo, "--no-tui")
        with java_server.server(classes, demo) as uri:
            print(f"{over_java(lake, demo, uri)} passed, 0 failed")


def over_java(lake, demo, uri):
    """Everything that needs the server. Says how many checks passed."""
    java = RestCatalog("java", uri=uri)
    config = lake.folder / "config" / "icedeck"
    config.mkdir(parents=True)
    (config / "config.toml").write_text(
        f'[catalog.rest]\ntype = "rest"\nuri = "{uri}"\n'
        f'[catalog.icedeck]\ntype = "sql"\nuri = "sqlite:///{demo}/catalog.db"\nwarehouse = "file://{demo}/warehouse"\n')
    names = sorted(set(tables(java)))
    assert names == sorted(set(tables(lake.catalog(demo)))) and len(names) >= 3, names
    for name in names:
        dotted = ".".join(name)
        scanned = java.load_table(name).scan().to_arrow()
        same_rows(rows_from_json(lake.json("rows", dotted), scanned.schema), rows_of(scanned), dotted)
        print(f"ok      {dotted}: {scanned.num_rows} rows alike", flush=True)

    table = java.load_table(names[0])
    with table.transaction() as change:
        change.set_properties({"set-by": "java"})
    properties = {p["key"]: p["value"] for p in lake.json("properties", ".".join(names[0]))}
    assert properties["set-by"] == "java", properties
    print("ok      a commit of Java's is seen by icedeck", flush=True)

    source = lake.folder / "people.csv"
    source.write_text("id,name\n1,a\n2,b\n")
    java.create_namespace("from_java")
    lake.run("ingest", source, "from_java.people", "--create", "--yes")
    assert java.load_table("from_java.people").scan().to_arrow().num_rows == 2
    lake.run("ingest", source, "from_java.people", "--yes")
    assert java.load_table("from_java.people").scan().to_arrow().num_rows == 4
    java.drop_table("from_java.people")
    java.drop_namespace("from_java")
    assert "from_java" not in lake.run("ls")
    print("ok      icedeck's loads are seen by Java, and Java's drops by icedeck", flush=True)
    passed = over_rest(lake, java)
    passed += conforms(lake, "rest", java)
    passed += over_tls(lake, uri)
    lake.env.pop("SSL_CERT_FILE")
    passed += conforms(lake, "icedeck", lake.catalog(demo))
    passed += over_postgres(lake)
    return len(names) + 2 + passed


def over_tls(lake, uri):
    """The same server behind TLS: reached where its certificate is trusted, and only there."""
    with tls.front(lake.folder, urllib.parse.urlparse(uri).port) as (port, certificate):
        add(lake, f'[catalog.secure]\ntype = "rest"\nuri = "https://localhost:{port}"\n')
        lake.run("--catalog", "secure", "ls", expect=1)
        lake.env["SSL_CERT_FILE"] = str(certificate)
        assert lake.run("--catalog", "secure", "ls") == lake.run("--catalog", "rest", "ls")
        print("ok      REST over TLS, and none with a certificate that nobody vouches for", flush=True)
    return 1


def over_postgres(lake):
    """A SQL catalog on a real PostgreSQL server, with PyIceberg on the same."""
    if not postgres.programs():
        print("NOT TESTED: PostgreSQL, which is not installed here (initdb on the path, or Debian's postgresql)", flush=True)
        return 0
    with tempfile.TemporaryDirectory(prefix="icedeck-postgres-") as folder:
        pathlib.Path(folder).chmod(0o755)
        with postgres.server(pathlib.Path(folder) / "server") as port:
            warehouse = f"file://{lake.folder}/postgres"
            add(lake, f'[catalog.pg]\ntype = "sql"\nuri = "{postgres.address(port)}"\nwarehouse = "{warehouse}"\n')
            lake.run("--catalog", "pg", "ls")
            peer = SqlCatalog("pg", uri=postgres.address(port, "postgresql+pg8000"), warehouse=warehouse)
            passed = conforms(lake, "pg", peer)
            wrong = f"postgresql://ann:HUNTER2@127.0.0.1:{port}/postgres"
            add(lake, f'[catalog.wrong]\ntype = "sql"\nuri = "{wrong}"\n')
            lake.run("--catalog", "wrong", "ls", expect=1)
    lake.run("--catalog", "pg", "ls", expect=1)
    print("ok      a wrong password and a server that is gone end in an error", flush=True)
    return passed + 1


def add(lake, text):
    with open(lake.folder / "config" / "icedeck" / "config.toml", "a") as config:
        config.write(text)


def over_rest(lake, java):
    """icedeck as a client of Java's REST server: names, tables, loads, conflicts."""
    rest = lambda *words: lake.run("--catalog", "rest", *words)
    listed = lambda *words: lake.json("--catalog", "rest", *words)
    rest("create-namespace", "far", "--yes")
    rest("create-namespace", "far.away", "--yes")
    assert ("far", "away") in java.list_namespaces("far"), java.list_namespaces("far")
    source = lake.folder / "amounts.csv"
    source.write_text("id,day,amount\n1,2026-01-01,2.50\n2,2026-02-01,3.75\n")
    for _ in range(2):
        rest("ingest", source, "far.away.amounts", "--create", "--partition-by", "month(day)", "--yes")
    assert java.load_table("far.away.amounts").scan().to_arrow().num_rows == 4
    assert len(listed("rows", "far.away.amounts")) == 4 and len(listed("snapshots", "far.away.amounts")) == 2
    print("ok      loads through Java's REST server are seen by both", flush=True)

    table = java.load_table("far.away.amounts")
    table.append(table.scan().to_arrow())
    rest("ingest", source, "far.away.amounts", "--yes")
    assert len(listed("rows", "far.away.amounts")) == 10
    rest("rename", "far.away.amounts", "far.away.sums", "--yes")
    assert java.table_exists("far.away.sums") and not java.table_exists("far.away.amounts")
    rest("drop", "far.away.sums", "--yes")
    rest("drop-namespace", "far.away", "--yes")
    rest("drop-namespace", "far", "--yes")
    assert ("far",) not in java.list_namespaces()
    print("ok      tables are renamed and dropped through REST", flush=True)
    return 2


if __name__ == "__main__":
    main(*sys.argv[1:])
