"""A PostgreSQL server of our own on loopback, in a temporary folder, ended by its pid."""
import contextlib
import glob
import os
import pathlib
import shutil
import signal
import subprocess
import urllib.parse

from ports import free_port, wait_for

PASSWORD = "p w/@:%"


def address(port, dialect="postgresql"):
    """The database of that server, with who may use it."""
    return f"{dialect}://ann:{urllib.parse.quote(PASSWORD, safe='')}@127.0.0.1:{port}/postgres"


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
    port = free_port()
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen([*user, bin / "postgres", "-D", folder / "data", "-h", "127.0.0.1", "-p", str(port),
                                    "-k", folder, "-c", "shared_buffers=32MB"], cwd="/", stderr=log, **quiet)
    try:
        wait_for(port, process, (folder / "log").read_text)
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
