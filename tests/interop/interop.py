"""Both directions of reading, for every type, transform and metadata table. Prints a line a check and the count."""
import pathlib
import sys
import tempfile
import traceback
import unittest

import by_filter
import changes
import demo_lake
import foreign_tables
import our_tables
import schedules
from lake import Lake

CHECKS = [*demo_lake.CHECKS, *our_tables.CHECKS, *foreign_tables.CHECKS, *changes.CHECKS, *by_filter.CHECKS, *schedules.CHECKS]


def main(binary, only=""):
    passed = failed = skipped = 0
    for check in (check for check in CHECKS if only in check.__name__):
        with tempfile.TemporaryDirectory(prefix="icedeck-interop-") as folder:
            try:
                check(Lake(binary, folder))
                passed += 1
                print(f"ok      {check.__doc__.strip()}", flush=True)
            except unittest.SkipTest as why:
                skipped += 1
                print(f"NOT TESTED  {check.__doc__.strip()}: {why}", flush=True)
            except Exception:
                failed += 1
                print(f"FAILED  {check.__doc__.strip()}\n{traceback.format_exc()}", flush=True)
    print(f"{passed} passed, {failed} failed, {skipped} not tested")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    sys.exit(main(*sys.argv[1:]))
