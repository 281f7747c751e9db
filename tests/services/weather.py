"""Bad weather on real servers: Java's REST catalog that answers wrongly, and toxiproxy between it and icedeck.

Whatever happens: a load that ended as committed is in the table once, one that failed is not there, and one that ended as
rejected or unknown is put right by `recover`; then its rows are there once, too.
"""
import collections
import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "interop"))

import java_server
from lake import Lake
from ports import free_port, wait_for
from pyiceberg.catalog.rest import RestCatalog

TABLE = "shop.orders"
PATH = "/v1/namespaces/shop/tables/orders"
ROWS = 3


def main(binary, classes, toxiproxy):
    passed = 0
    for keys in (None, "PT30M"):
        with tempfile.TemporaryDirectory(prefix="icedeck-weather-") as folder:
            weather = Weather(Lake(binary, folder))
            settings = {"keys": keys} if keys else {}
            with java_server.server(classes, weather.warehouse, fault=weather.fault, **settings) as uri:
                weather.connect(uri)
                passed += weather.faults("with idempotency keys" if keys else "without idempotency keys")
                if not keys:
                    passed += weather.proxied(toxiproxy, uri)
    print(f"{passed} passed, 0 failed")


class Weather:
    def __init__(self, lake):
        self.lake = lake
        self.warehouse = lake.folder / "far"
        self.fault = lake.folder / "fault"
        self.expected = []
        self.loads = 0
        (self.warehouse / "warehouse").mkdir(parents=True)

    def connect(self, uri):
        """A catalog `far`, which the next proxy may replace, and one table in it."""
        self.catalog = RestCatalog("java", uri=uri)
        self.configure(uri)
        self.lake.run("create-namespace", "shop", "--yes")
        assert self.load("--create")["outcome"] == "committed"

    def configure(self, uri):
        config = self.lake.folder / "config" / "icedeck"
        config.mkdir(parents=True, exist_ok=True)
        (config / "config.toml").write_text(
            f'default-catalog = "far"\n[catalog.far]\ntype = "rest"\nuri = "{uri}"\n"rest.timeout" = "2"\n')

    def load(self, *words, expect=0):
        """Loads rows that no other load has. What was told; not-sent where it failed before anything was sent."""
        self.loads += 1
        ids = range(self.loads * 100, self.loads * 100 + ROWS)
        source = self.lake.folder / f"load-{self.loads}.csv"
        source.write_text("id\n" + "".join(f"{id}\n" for id in ids))
        done = subprocess.run([self.lake.binary, "ingest", source, TABLE, "--yes", "-o", "json", *words], env=self.lake.env,
                              cwd=self.lake.folder, capture_output=True, stdin=subprocess.DEVNULL, text=True, timeout=300)
        status = done.returncode
        assert status in (expect if isinstance(expect, tuple) else (expect,)), (status, done.stdout, done.stderr)
        told = json.loads(done.stdout)
        assert {0: "committed", 3: "rejected", 4: "unknown"}.get(status, "not-sent") == told["outcome"], (status, told)
        if told["outcome"] == "committed":
            self.expected += ids
        elif told["outcome"] != "not-sent":
            self.open = getattr(self, "open", {}) | {told["ingest_id"]: ids}
        return told

    def settle(self):
        """Puts right what is open, in good weather, and compares."""
        for ingest, ids in getattr(self, "open", {}).items():
            self.lake.run("recover", "rebase", ingest, "--yes")
            self.expected += ids
        self.open = {}
        assert self.lake.json("recover", "list") == [], self.lake.run("recover", "list")
        theirs = collections.Counter(self.catalog.load_table(TABLE).scan().to_arrow()["id"].to_pylist())
        assert theirs == collections.Counter(self.expected), (theirs, self.expected)
        audited = self.lake.json("recover", "audit", TABLE)
        assert {load["status"] for load in audited} == {"reachable"}, audited

    def spoil(self, when, status, method="POST", path=PATH):
        self.fault.write_text(f"{when} {status} {method} {path}")

    def faults(self, how):
        """The commit is answered with an error, done or not done: it ends as committed, by itself, unless it was refused."""
        cases = [("after", status) for status in (403, 409, 429, 500, 502, 503, 504)]
        cases += [("before", status) for status in (429, 500, 502, 503, 504)]
        refused = [("before", status) for status in (400, 403, 409)]  # the 409 is none of a commit's: its type is unknown
        for when, status in cases + refused:
            self.spoil(when, status)
            told = self.load(expect=3 if (when, status) in refused else 0)
            assert not self.fault.exists() and told["attempts"] <= 2, told
            self.settle()
        cases += refused
        print(f"ok      REST, {how}: {len(cases)} answers that were errors, done or not done", flush=True)
        return 1 + self.other_verbs(how)

    def other_verbs(self, how):
        """Refs, rollbacks and properties get outcomes, too."""
        before = len(self.expected)
        for words, look in [
            (("tag", "create", TABLE, "here"), lambda: "here" in self.refs()),
            (("alter", TABLE, "set", "owner=ann"), lambda: self.catalog.load_table(TABLE).properties["owner"] == "ann"),
            (("undo", TABLE), lambda: "owner" not in self.catalog.load_table(TABLE).properties),
            (("tag", "drop", TABLE, "here"), lambda: "here" not in self.refs()),
        ]:
            self.spoil("after", 503)
            self.lake.run(*words, "--yes")
            assert look() and not self.fault.exists(), words
        self.settle()
        assert len(self.expected) == before
        print(f"ok      REST, {how}: four other verbs whose answers were lost", flush=True)
        return 1

    def refs(self):
        return {ref["name"] for ref in self.lake.json("refs", TABLE)}

    def proxied(self, toxiproxy, uri):
        """Connections that break, stall, trickle and lose their end, at every number of bytes."""
        upstream = urllib.parse.urlparse(uri).netloc
        outcomes = collections.Counter()
        with proxy(toxiproxy, upstream) as (port, spoiled):
            self.configure(f"http://127.0.0.1:{port}")
            for kind, stream, attributes in TOXICS:
                with spoiled(kind, stream, attributes):
                    told = self.load(expect=(0, 1, 3, 4))
                outcomes[told["outcome"]] += 1
                self.settle()
        self.configure(uri)
        assert min(outcomes["committed"], outcomes["not-sent"]) > 3, outcomes
        print(f"ok      toxiproxy: {len(TOXICS)} kinds of bad connections, {dict(outcomes)}; nothing lost, nothing doubled", flush=True)
        return 1


TOXICS = [
    ("latency", "downstream", {"latency": 200, "jitter": 100}),
    ("latency", "downstream", {"latency": 3000}),
    ("slicer", "downstream", {"average_size": 40, "size_variation": 20, "delay": 1000}),
    ("slow_close", "downstream", {"delay": 300}),
    ("bandwidth", "upstream", {"rate": 20}),
    ("reset_peer", "downstream", {"timeout": 0}),
    ("reset_peer", "upstream", {"timeout": 30}),
    ("timeout", "downstream", {"timeout": 0}),
    ("timeout", "upstream", {"timeout": 50}),
    *[("limit_data", "downstream", {"bytes": bytes}) for bytes in (0, 100, 2000, 4000, 5000, 6000, 8000, 10000)],
    *[("limit_data", "upstream", {"bytes": bytes}) for bytes in (5, 300, 600, 900, 1200, 2000, 3000)],
]


@contextlib.contextmanager
def proxy(program, upstream):
    """The port of a proxy before the upstream, and what spoils its connections for a while."""
    control, port = free_port(), free_port()
    process = subprocess.Popen([program, "-host", "127.0.0.1", "-port", str(control)], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ask = lambda method, path, body=None: request(method, f"http://127.0.0.1:{control}{path}", body)
    try:
        wait_for(control, process)
        ask("POST", "/proxies", {"name": "p", "listen": f"127.0.0.1:{port}", "upstream": upstream, "enabled": True})

        @contextlib.contextmanager
        def spoiled(kind, stream, attributes):
            ask("POST", "/proxies/p/toxics", {"name": "t", "type": kind, "stream": stream, "attributes": attributes})
            try:
                yield
            finally:
                ask("DELETE", "/proxies/p/toxics/t")

        yield port, spoiled
    finally:
        process.terminate()
        process.wait(30)


def request(method, url, body):
    data = json.dumps(body).encode() if body else None
    with urllib.request.urlopen(urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)) as answer:
        return answer.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
