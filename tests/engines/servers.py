"""Real servers on loopback, with ports that were free and folders that go with the test."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

HOST = "127.0.0.1"
SECONDS = 60
PASSWORD = "planted-s3cret-of-the-tests"
READER, OWNER = "reader", "owner"


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as one:
        one.bind((HOST, 0))
        port: int = one.getsockname()[1]
        return port


def wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until somebody listens, or the process that should has ended."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
            return
        time.sleep(0.05)
    pytest.fail(f"no server came up on {port}:\n{log.read_text('utf-8')[-2000:]}")


@contextlib.contextmanager
def running(
    command: Sequence[str],
    port: int,
    log: Path,
    stop: signal.Signals = signal.SIGTERM,
    **given: object,
) -> Iterator[None]:
    """Run a server in a session of its own until the block ends, and its children with it."""
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, stdout=stream, stderr=stream, start_new_session=True, **given
        )
        try:
            wait_for_port(port, process, log)
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, stop)
            try:
                process.wait(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server whose owner may do everything, and whose reader may only read."""

    port: int
    log: Path

    def address(self, words: str = "", *, user: str = OWNER, database: str = "registry") -> str:
        """Give an address of it."""
        return f"postgres://{user}@{HOST}:{self.port}/{database}{words}"

    @property
    def statements(self) -> str:
        """All that it was asked."""
        return self.log.read_text("utf-8", errors="replace")


@contextlib.contextmanager
def postgres_server(folder: Path) -> Iterator[Server]:
    """Run a PostgreSQL server that asks for passwords, sorts as English does, and logs statements.

    It refuses to run as root, so that root starts it as another user.
    """
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.skip("PostgreSQL's server is not installed (Debian: apt-get install postgresql)")
    data, port, log = folder / "data", free_port(), folder / "postgres.log"
    (folder / "password").write_text(PASSWORD)
    user: dict[str, object] = {}
    if os.geteuid() == 0:
        name = next((one.pw_name for one in pwd.getpwall() if one.pw_name == "postgres"), "nobody")
        user = {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []}
        for path in (folder, folder / "password"):
            shutil.chown(path, name)
    new = [programs[-1] / "initdb", "-D", data, "-U", OWNER, "-E", "UTF8", "--no-sync"]
    new += ["--auth=scram-sha-256", f"--pwfile={folder / 'password'}", "--locale=C.UTF-8"]
    new += ["--locale-provider=icu", "--icu-locale=en"]
    subprocess.run([str(part) for part in new], check=True, capture_output=True, cwd=folder, **user)
    options = {
        "listen_addresses": HOST,
        "port": port,
        "unix_socket_directories": folder,
        "fsync": "off",
        "log_statement": "all",
        "shared_buffers": "128MB",
    }
    words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    command = [str(programs[-1] / "postgres"), "-D", str(data), *map(str, words)]
    # SIGINT is its fast stop; at SIGTERM it waits for all connections to end.
    with running(command, port, log, signal.SIGINT, cwd=folder, **user):
        # It listens before it lets anybody in.
        ready = [str(programs[-1] / "pg_isready"), "-q", "-h", HOST, "-p", str(port)]
        end = time.monotonic() + SECONDS
        while subprocess.run(ready, check=False).returncode and time.monotonic() < end:
            time.sleep(0.05)
        yield Server(port, log)


@contextlib.contextmanager
def spark_cluster(folder: Path) -> Iterator[str]:
    """Run a standalone Spark master with one worker, and give the master's address."""
    pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed: make spark")
    if shutil.which("java") is None:
        pytest.skip("Java is not installed")
    home = Path(pyspark.__file__).parent
    port, worker_port = free_port(), free_port()
    master = f"spark://{HOST}:{port}"
    starter = [str(home / "bin" / "spark-class"), "org.apache.spark.deploy"]
    told = os.environ | {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": HOST}
    begin = [starter[0], f"{starter[1]}.master.Master", "--host", HOST, "--port", str(port)]
    work = [starter[0], f"{starter[1]}.worker.Worker", "--host", HOST, "--port", str(worker_port)]
    work += ["--cores", "2", "--memory", "1g", "--work-dir", str(folder / "work")]
    apart = ["--webui-port", "0"]
    with (
        running([*begin, *apart], port, folder / "master.log", env=told, cwd=folder),
        running([*work, *apart, master], worker_port, folder / "worker.log", env=told, cwd=folder),
    ):
        yield master
