"""icedeck's embedded warehouse through Apache Iceberg's own Java catalog: names, rows, and commits of both sides."""
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "interop"))

from demo_lake import tables
from lake import Lake, rows_from_json, rows_of, same_rows
from pyiceberg.catalog.rest import RestCatalog


def main(binary, demo, uri):
    java = RestCatalog("java", uri=uri)
    with tempfile.TemporaryDirectory(prefix="icedeck-services-") as folder:
        lake = Lake(binary, folder)
        config = lake.folder / "config" / "icedeck"
        config.mkdir(parents=True)
        (config / "config.toml").write_text(
            f'[catalog.icedeck]\ntype = "sql"\nuri = "sqlite:///{demo}/catalog.db"\nwarehouse = "file://{demo}/warehouse"\n')
        names = sorted(set(tables(java)))
        assert names == sorted(set(tables(lake.catalog(pathlib.Path(demo))))) and len(names) >= 3, names
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
    print(f"{len(names) + 2} passed, 0 failed")


if __name__ == "__main__":
    main(*sys.argv[1:])
