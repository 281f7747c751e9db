"""The demo lake, which icedeck's own write path builds, read whole by PyIceberg."""
from lake import rows_from_json, rows_of, same_rows
from metadata_tables import check_metadata_tables


def tables(catalog, namespace=()):
    for name in catalog.list_tables(namespace) if namespace else []:
        yield name
    for child in catalog.list_namespaces(namespace):
        if len(child) > len(namespace):
            yield from tables(catalog, child)


def demo(lake):
    """the demo lake: every table, every snapshot, every metadata table alike by PyIceberg and icedeck"""
    folder = lake.folder / "demo"
    lake.run("demo", "--dir", folder, "--no-tui")
    catalog = lake.catalog(folder)
    lake.folder.joinpath("config/icedeck").mkdir(parents=True)
    lake.folder.joinpath("config/icedeck/config.toml").write_text(
        f'[catalog.icedeck]\ntype = "sql"\nuri = "sqlite:///{folder}/catalog.db"\nwarehouse = "file://{folder}/warehouse"\n')
    names = sorted(set(tables(catalog)))
    assert len(names) >= 3, names
    for name in names:
        table = catalog.load_table(name)
        dotted = ".".join(name)
        scanned = table.scan().to_arrow()
        same_rows(rows_from_json(lake.json("rows", dotted), scanned.schema), rows_of(scanned), dotted)
        check_metadata_tables(lake, dotted, table)
        for snapshot in table.snapshots():
            old = table.scan(snapshot_id=snapshot.snapshot_id).to_arrow()
            ours = lake.json("rows", f"{dotted}@{snapshot.snapshot_id}")
            same_rows(rows_from_json(ours, old.schema), rows_of(old), f"{dotted}@{snapshot.snapshot_id}")
            assert snapshot.summary["total-records"] == str(old.num_rows), dotted
    events = next(catalog.load_table(n) for n in names if len(catalog.load_table(n).snapshots()) >= 12)
    assert len(events.specs()) >= 2 and len(events.refs()) >= 3 and len(events.schemas()) >= 3


CHECKS = [demo]
