"""A PostgreSQL server of our own on loopback, in a temporary folder, ended by its pid."""
import contextlib
import glob
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

PASSWORD = "p w/@:%"


def programs():
    """The folder of initdb and postgres: from the path, or where Debian puts them."""
    found = shutil.which("initdb")
    folders = [pathlib.Path(found).parent] if found else []
    folders += [pathlib.Path(path).parent for path in sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))]
    return folders[-1] if folders else None


@contextlib.contextmanager
def server(folder):
    """The port of a server that asks for a password."""
    bin, folder = programs(), pathlib.Path(folder)
    user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
    folder.mkdir()
    if user:
        shutil.chown(folder, "nobody", "nogroup")
    secret = folder / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    subprocess.run([*user, bin / "initdb", "-D", folder / "data", "-A", "scram-sha-256", "-U", "ann",
                    f"--pwfile={secret}", "--locale=C", "--encoding=UTF8"], check=True, cwd="/", **quiet)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen([*user, bin / "postgres", "-D", folder / "data", "-h", "127.0.0.1", "-p", str(port),
                                    "-k", folder, "-c", "shared_buffers=32MB"], cwd="/", stderr=log, **quiet)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.1)
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
