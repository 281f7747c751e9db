"""What must hold of every kind of catalog that icedeck writes to: names, loads, mending, and eight writers at once.

The same suite runs on SQLite, PostgreSQL and REST; the peer is PyIceberg (or Java behind it) on the same catalog.
"""
import collections
import concurrent.futures
import json
import time

WRITERS = 8
ROUNDS = 3
ROWS = 5


def conforms(lake, catalog, peer):
    """Runs the suite; `peer` reads the same catalog by itself. Says how many checks passed."""
    suite = Suite(lake, catalog, peer)
    checks = [suite.names_and_loads, suite.mending, suite.altering, suite.eight_writers, suite.end]
    for check in checks:
        told = check()
        print(f"ok      {catalog}: {told}", flush=True)
    return len(checks)


class Suite:
    def __init__(self, lake, catalog, peer):
        self.lake, self.catalog, self.peer = lake, catalog, peer
        self.source = lake.folder / f"{catalog}.csv"
        self.source.write_text("id,day,amount\n1,2026-01-01,2.50\n2,2026-02-01,3.75\n3,,\n")
        self.table = "shop.orders"

    def run(self, *words, **more):
        return self.lake.run("--catalog", self.catalog, *words, **more)

    def json(self, *words, **more):
        return self.lake.json("--catalog", self.catalog, *words, **more)

    def rows(self):
        ours = sorted(row["id"] for row in self.json("rows", self.table))
        theirs = sorted(self.peer.load_table(self.table).scan().to_arrow()["id"].to_pylist())
        assert ours == theirs, (ours, theirs)
        return ours

    def names_and_loads(self):
        self.run("create-namespace", "shop", "--yes")
        self.run("create-namespace", "shop", "--yes", expect=1)
        self.run("ingest", self.source, self.table, "--create", "--partition-by", "month(day)", "--yes")
        assert self.rows() == [1, 2, 3]
        mirror = self.peer.load_table(self.table)
        mirror.append(mirror.scan().to_arrow())
        assert self.rows() == [1, 1, 2, 2, 3, 3]
        self.run("ingest", self.source, self.table, "--mode", "overwrite", "--yes")
        assert self.rows() == [1, 2, 3]
        self.run("rows", "shop.nothing", expect=1)
        return "namespaces, tables and loads are seen by both"

    def mending(self):
        self.run("tag", "create", self.table, "clean", "--yes")
        self.run("ingest", self.source, self.table, "--yes")
        assert len(self.rows()) == 6
        self.run("rollback", self.table, "--to", "clean", "--yes")
        assert self.rows() == [1, 2, 3]
        self.run("undo", self.table, "--yes")
        assert len(self.rows()) == 6
        self.run("redo", self.table, "--yes")
        assert self.rows() == [1, 2, 3]
        self.run("branch", "create", self.table, "audit", "--yes")
        self.run("ingest", self.source, self.table, "--branch", "audit", "--yes")
        assert self.rows() == [1, 2, 3]
        self.run("fast-forward", self.table, "main", "--to", "audit", "--yes")
        assert len(self.rows()) == 6
        refs = {ref["name"] for ref in self.json("refs", self.table)}
        assert refs == {"main", "audit", "clean"}, refs
        return "tags, branches, a rollback, undo, redo and a published branch"

    def altering(self):
        self.run("alter", self.table, "add-column", "note", "string", "--yes")
        self.run("alter", self.table, "partition-by", "--add", "bucket(4, id)", "--yes")
        self.run("alter", self.table, "set", "owner=ann", "--yes")
        self.run("ingest", self.source, self.table, "--yes")
        assert len(self.rows()) == 9
        now = self.peer.load_table(self.table)
        assert "note" in now.schema().column_names and now.properties["owner"] == "ann"
        assert [field.name for field in now.spec().fields] == ["day_month", "id_bucket"], now.spec()
        return "schema, partition spec and properties altered"

    def eight_writers(self):
        before = len(self.rows())
        since = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
            outcomes = [told for each in pool.map(self.writer, range(WRITERS)) for told in each]
        seconds = time.monotonic() - since
        landed = [told for told in outcomes if told["outcome"] == "committed"]
        open_ones = [told for told in outcomes if told["outcome"] != "committed"]
        for told in open_ones:
            self.run("recover", "rebase", told["ingest_id"], "--yes")
        ids = collections.Counter(self.rows())
        expected = {writer * 1000 + number * 100 + row
                    for writer in range(1, WRITERS + 1) for number in range(ROUNDS) for row in range(ROWS)}
        mine = {id: times for id, times in ids.items() if id >= 1000}
        assert set(mine) == expected and set(mine.values()) == {1}, mine
        assert sum(ids.values()) == before + len(expected)
        audited = {told["ingest_id"]: told for told in self.json("recover", "audit", self.table, expect=(0, 1))}
        assert all(audited[told["ingest_id"]]["status"] == "reachable" for told in outcomes), audited
        attempts = sum(told["attempts"] for told in landed) / len(landed)
        return (f"{WRITERS} writers: {len(landed)} loads landed, {len(open_ones)} rebased later, none lost, none doubled; "
                f"{len(landed) / seconds:.1f} commits/s, {attempts:.1f} attempts/commit")

    def writer(self, writer):
        told = []
        for number in range(ROUNDS):
            source = self.lake.folder / f"{self.catalog}-{writer}-{number}.csv"
            first = (writer + 1) * 1000 + number * 100
            source.write_text("id,day,amount\n" + "".join(f"{first + row},2026-03-01,1.00\n" for row in range(ROWS)))
            text = self.lake.run("--catalog", self.catalog, "ingest", source, self.table, "--yes", "-o", "json",
                                 expect=(0, 3, 4))
            told.append(json.loads(text))
        return told

    def end(self):
        self.run("rename", self.table, "shop.sums", "--yes")
        assert self.peer.table_exists("shop.sums") and not self.peer.table_exists(self.table)
        self.run("drop-namespace", "shop", "--yes", expect=1)
        self.run("drop", "shop.sums", "--yes")
        self.run("drop-namespace", "shop", "--yes")
        assert ("shop",) not in self.peer.list_namespaces()
        return "renamed and dropped"
