"""How quick the console is: the real program in a pseudo-terminal.

usage: console.py ICEDECK CSV

Printed: the time from the start to the first frame that shows the tables of an embedded warehouse with 100 of them;
processor time while idle; the time from a key to the screen's answer in a grid of 1,000,000 rows, and while a load of
CSV runs. A key counts as answered when the terminal has received the first bytes that it caused.
"""

import fcntl
import os
import pty
import select
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

TABLES = 100
ROWS = 1_000_000
KEYS = 200
IDLE_SECONDS = 5
STARTS = 10


class Terminal:
    """The program in a pseudo-terminal of 120x40."""

    def __init__(self, home, *arguments):
        self.begun = time.perf_counter()
        self.pid, self.screen = pty.fork()
        if self.pid == 0:
            os.chdir(home)
            os.execve(arguments[0], arguments, environment(home) | {"TERM": "xterm-256color"})
        fcntl.ioctl(self.screen, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.shown = b""

    def read(self, seconds):
        """What arrives within the time, as soon as something does; nothing if nothing does."""
        ready, _, _ = select.select([self.screen], [], [], seconds)
        if not ready:
            return b""
        try:
            got = os.read(self.screen, 1 << 20)
        except OSError:
            got = b""
        self.shown += got
        return got

    def wait_for(self, text, seconds=30):
        """Seconds from the start until the text was on the way to the screen."""
        limit = time.perf_counter() + seconds
        while text not in self.shown:
            if time.perf_counter() > limit:
                sys.exit(f"{text!r} never came; the last of the screen: {self.shown[-1500:]!r}")
            self.read(0.1)
        return time.perf_counter() - self.begun

    def settle(self, seconds=0.3):
        """Waits until nothing comes any more, or it is plain that something always will."""
        limit = time.perf_counter() + 5 * seconds
        while self.read(seconds) and time.perf_counter() < limit:
            pass

    def wait_while_busy(self):
        """Waits until the program has used no processor time for a while."""
        before = -1.0
        while self.processor() > before:
            before = self.processor()
            self.settle(0.2)
            time.sleep(0.3)

    def press(self, keys):
        self.shown = b""
        os.write(self.screen, keys)

    def answer(self, key):
        """Seconds from the key to the first bytes of the answer."""
        begun = time.perf_counter()
        self.press(key)
        return time.perf_counter() - begun if self.read(5) else float("inf")

    def answer_of_row(self, key):
        """As above, where other things move on the screen as well: until a row of the list is drawn anew."""
        begun = time.perf_counter()
        self.press(key)
        while not any(name in self.shown for name in (b"table_", b"lineitem", b"million")):
            if not self.read(5):
                return float("inf")
        return time.perf_counter() - begun

    def processor(self):
        """Seconds of processor time so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.screen)


def environment(home):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ICEDECK_", "PYICEBERG_"))}
    return kept | {"HOME": str(home)}


def run(home, *command):
    done = subprocess.run(command, env=environment(home), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command}: {done.stderr}")


def first_frame(icedeck, home):
    sample = home / "sample.csv"
    sample.write_text("id,name\n1,one\n")
    run(home, icedeck, "create-namespace", "many", "--yes")
    for number in range(TABLES):
        run(home, icedeck, "create", f"many.table_{number:03}", "--like", str(sample), "--yes")
    taken = []
    for _ in range(STARTS):
        terminal = Terminal(home, icedeck)
        taken.append(terminal.wait_for(b"many"))
        terminal.close()
    line(f"first frame, warehouse of {TABLES} tables", taken)


def idle(icedeck, home):
    terminal = Terminal(home, icedeck)
    terminal.wait_for(b"many")
    terminal.settle()
    before = terminal.processor()
    time.sleep(IDLE_SECONDS)
    print(f"  processor time while idle for {IDLE_SECONDS} s: {(terminal.processor() - before) * 1e3:.0f} ms")
    terminal.close()


def grid(icedeck, home):
    source = home / "million.csv"
    with source.open("w") as out:
        out.write("id,name,amount\n")
        out.writelines(f"{n},name {n % 977},{n / 100:.2f}\n" for n in range(ROWS))
    run(home, icedeck, "create", "many.million", "--like", str(source), "--yes")
    run(home, icedeck, "ingest", str(source), "many.million", "--yes")
    terminal = Terminal(home, icedeck, "many.million")
    terminal.wait_for(b"million")
    terminal.settle()
    terminal.press(b":rows\r")
    terminal.wait_for(b"name ")
    terminal.settle()
    line(f"j in a grid of {ROWS:,} rows", [terminal.answer(b"j") for _ in range(KEYS)])
    terminal.settle()
    line("ctrl-d there", [terminal.answer(b"\x04") for _ in range(KEYS)])
    terminal.settle()
    begun = time.perf_counter()
    terminal.press(b"G")
    terminal.settle(1.0)
    print(f"  G to the last row, until nothing changes any more: {time.perf_counter() - begun - 1.0:.2f} s")
    line("k from there", [terminal.answer(b"k") for _ in range(KEYS)])
    terminal.close()


def during_load(icedeck, home, csv):
    """Walks the load view by keys up to the running load, then moves in another view while it runs."""
    run(home, icedeck, "create", "many.lineitem", "--like", csv, "--yes")
    terminal = Terminal(home, icedeck, "many.lineitem")
    terminal.wait_for(b"lineitem")
    terminal.settle()
    for keys in (f":ingest {csv}\r".encode(), b"\r", b"\r"):  # the file; its mapping; the preflight
        terminal.press(keys)
        terminal.settle(0.7)
    terminal.wait_while_busy()
    for keys in (b"\r", b"\r"):  # the plan; the load
        terminal.press(keys)
        terminal.settle(0.2)
    terminal.press(b":tables\r")
    terminal.wait_for(b"table_010")
    before, taken = terminal.processor(), []
    while len(taken) < KEYS:
        down = len(taken) % 20 < 10
        taken.append(terminal.answer_of_row(b"j" if down else b"k"))
        time.sleep(0.01)
    used = terminal.processor() - before
    if used < 1:
        sys.exit(f"the load did not run: {used:.1f} s of processor time; the screen: {terminal.shown[-1500:]!r}")
    line("j and k in a list of tables while a load runs", taken)
    print(f"    (the program used {used:.1f} s of processor time meanwhile)")
    terminal.close()


def line(what, seconds):
    millis = sorted(s * 1e3 for s in seconds)
    at = lambda share: millis[min(len(millis) - 1, int(len(millis) * share))]
    print(f"  {what}: median {statistics.median(millis):.1f} ms, 99 of 100 under {at(0.99):.1f} ms, longest {millis[-1]:.1f} ms")
    sys.stdout.flush()


def main():
    icedeck, csv = (str(Path(p).resolve()) for p in sys.argv[1:3])
    home = Path(tempfile.mkdtemp(prefix="icedeck-bench-"))
    try:
        print("\nthe console, 120x40")
        first_frame(icedeck, home)
        idle(icedeck, home)
        grid(icedeck, home)
        during_load(icedeck, home, csv)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
