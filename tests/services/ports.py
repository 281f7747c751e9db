"""Ports of servers on loopback."""
import contextlib
import socket
import time


def free_port():
    """One that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process, why=lambda: "the server does not start"):
    """Returns as soon as somebody listens; `why` tells why nobody does where the process has ended."""
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert process.poll() is None, why()
        time.sleep(0.1)
    raise AssertionError(why())
