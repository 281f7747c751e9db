"""Apache Iceberg's own REST catalog on loopback, over the SQLite catalog of a folder, ended by its pid."""
import contextlib
import subprocess
import sys
import tempfile


@contextlib.contextmanager
def server(classes, folder, **settings):
    """The address of the catalog. `fault` is a file whose line spoils one request, `keys` how long idempotency keys live."""
    java = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
    command = [*java, "-cp", f"{classes}:{classes}/lib/*", "CatalogServer", folder]
    command += [f"{name}={value}" for name, value in settings.items()]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            port = process.stdout.readline().strip()
            assert port, "Java's REST server does not start"
            yield f"http://127.0.0.1:{port}"
        except BaseException:
            log.seek(0)
            sys.stderr.writelines(log.readlines()[-50:])
            raise
        finally:
            process.terminate()
            process.wait(30)
