"""TLS in front of a server on loopback, with a certificate made here."""
import contextlib
import pathlib
import socket
import ssl
import subprocess
import threading


@contextlib.contextmanager
def front(folder, port):
    """The port that speaks TLS, and the file of the certificate that a client must trust."""
    folder = pathlib.Path(folder)
    key, certificate = folder / "tls.key", folder / "tls.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"],
                   check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener, context, port), daemon=True).start()
        yield listener.getsockname()[1], certificate


def accept(listener, context, port):
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=serve, args=(client, context, port), daemon=True).start()


def serve(client, context, port):
    # A client that does not trust the certificate hangs up.
    with contextlib.suppress(OSError), context.wrap_socket(client, server_side=True) as secure:
        with socket.create_connection(("127.0.0.1", port)) as plain:
            back = threading.Thread(target=copy, args=(plain, secure), daemon=True)
            back.start()
            copy(secure, plain)
            back.join()


def copy(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
