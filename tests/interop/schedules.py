"""The tables that the protocol's state machine (tests/weather/machine.rs) left behind, read by PyIceberg."""
import json
import os
import pathlib
import unittest


def what_the_state_machine_left(lake):
    """PyIceberg reads what two operators left in random weather, branch by branch"""
    sea = os.environ.get("ICEDECK_SEA")
    if sea is None:
        raise unittest.SkipTest("make the tables with: ICEDECK_SEA=FOLDER cargo test weather::machine")
    tables = 0
    for folder in sorted(path for path in pathlib.Path(sea).iterdir() if path.is_dir()):
        catalog = lake.catalog(folder / "data" / "icedeck")
        for word in folder.glob("*.rows.json"):
            told = json.loads(word.read_text())
            table = catalog.load_table(told["table"])
            for branch, ids in told["branches"].items():
                snapshot = table.snapshot_by_name(branch)
                found = sorted(table.scan(snapshot_id=snapshot.snapshot_id).to_arrow()["id"].to_pylist())
                assert found == sorted(ids), (str(word), branch, found, ids)
            tables += 1
    assert tables >= 300, f"{tables} tables in {sea}"
    print(f"        {tables} tables", flush=True)


CHECKS = [what_the_state_machine_left]
