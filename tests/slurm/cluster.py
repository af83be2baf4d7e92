"""A SLURM of one node, from Debian's packages, in a folder of its own: nothing is installed, nothing stays.

The packages are fetched and unpacked, not installed; munge, the controller and the node listen on this machine alone.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from glob import glob
from pathlib import Path

PACKAGES = ("munge", "slurmctld", "slurmd", "slurm-client")
#: where SLURM's plugin looks for PMIx, under a name that only the development package has
PMIX = "/usr/lib/*/pmix2/lib/libpmix.so.2"

CONFIGURATION = """\
ClusterName=hpcx
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
PluginDir={plugins}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmctldPort={controller}
SlurmdPort={node}
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
JobRequeue=1
KillWait=30
MinJobAge=3600
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=8000 State=UNKNOWN
PartitionName=test Nodes={host} Default=YES MaxTime=60 State=UP
"""


class CannotStart(Exception):
    """There is no way to a SLURM here; the message says why."""


class Cluster:
    """A running SLURM; `environment` is what its commands need."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = socket.gethostname().split(".")[0]
        self.daemons: list[subprocess.Popen] = []
        self.links: list[Path] = []
        self.environment = dict(os.environ)

    def start(self) -> None:
        """Fetch, unpack and start everything; raises CannotStart."""
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            raise CannotStart("a SLURM of its own needs root and Debian's apt-get")
        self._unpack()
        libraries = next((self.folder / "root/usr/lib").glob("*/slurm-wlm"))
        paths = [self.folder / "root/usr/bin", self.folder / "root/usr/sbin", os.environ["PATH"]]
        self.environment |= {
            "SLURM_CONF": str(self.folder / "slurm.conf"),
            "PATH": ":".join(map(str, paths)),
            "LD_LIBRARY_PATH": f"{libraries}:{libraries.parent}",
        }
        self._link_pmix()
        self._configure(libraries)
        self._start_daemons()
        self._wait_until_idle()

    def _unpack(self) -> None:
        archives = self.folder / "archives"
        (archives / "partial").mkdir(parents=True)
        fetch = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "--download-only", "--reinstall"]
        fetch += ["-o", f"Dir::Cache::archives={archives}", *PACKAGES]
        found = _quiet(fetch)
        if found.returncode:  # the lists are fetched only if the packages cannot be had without
            _quiet(["apt-get", "update", "-q"])
            found = _quiet(fetch)
        if found.returncode:
            raise CannotStart(f"apt-get cannot fetch {', '.join(PACKAGES)}: {found.stderr.strip().splitlines()[-1:]}")
        for package in archives.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, self.folder / "root"], check=True)

    def _link_pmix(self) -> None:
        """Give PMIx the name under which `srun --mpi=pmix` loads it; the link is removed at the end."""
        for library in map(Path, glob(PMIX)):
            link = library.with_suffix("")
            if not link.exists():
                link.symlink_to(library.name)
                self.links.append(link)

    def _configure(self, libraries: Path) -> None:
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        ports = dict(zip(("controller", "node"), _free_ports(2)))
        text = CONFIGURATION.format(host=self.host, folder=self.folder, plugins=libraries, **ports)
        (self.folder / "slurm.conf").write_text(text)

    def _start_daemons(self) -> None:
        sbin, key = self.folder / "root/usr/sbin", self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        files = {
            "key-file": key,
            "socket": "munge.socket",
            "pid-file": "munge.pid",
            "log-file": "munge.log",
            "seed-file": "munge.seed",
        }
        self._daemon(
            [
                sbin / "munged",
                "--foreground",
                "--force",
                *(f"--{name}={self.folder / file}" for name, file in files.items()),
            ]
        )
        self._wait_for(lambda: (self.folder / "munge.socket").exists(), "munge")
        self._daemon([sbin / "slurmctld-wlm", "-D"])
        self._daemon([sbin / "slurmd-wlm", "-D", "-N", self.host, "-d", sbin / "slurmstepd-wlm"])

    def _daemon(self, command: list) -> None:
        log = open(self.folder / f"{Path(command[0]).name}.out", "w")
        process = subprocess.Popen(
            command,
            env=self.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        log.close()
        self.daemons.append(process)

    def _wait_until_idle(self) -> None:
        self._wait_for(lambda: "idle" in self.run("sinfo", "-h", "-o", "%T", check=False), "the node")

    def _wait_for(self, ready, what: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > deadline or any(daemon.poll() is not None for daemon in self.daemons):
                raise CannotStart(f"{what} does not come up\n{self.logs()}")
            time.sleep(0.2)

    def logs(self) -> str:
        """Return the ends of the logs of the daemons."""
        return "\n".join(f"-- {path.name}\n{path.read_text()[-1500:]}" for path in self.folder.glob("*.out"))

    def run(self, *command: object, check: bool = True, cwd: Path | None = None) -> str:
        """Return the output of a SLURM command."""
        found = subprocess.run(
            list(map(str, command)),
            env=self.environment,
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
        if check and found.returncode:
            raise RuntimeError(f"{command}: {found.stderr}")
        return found.stdout

    def submit(self, cwd: Path, *words: object) -> str:
        """Submit a job from a directory; return its number."""
        return self.run("sbatch", "--parsable", *words, cwd=cwd).strip()

    def job(self, number: str) -> dict[str, str]:
        """Return what the controller knows of a job (of the first task of an array)."""
        return dict(re.findall(r"(\S+?)=(\S*)", self.run("scontrol", "show", "job", number, "-o", check=False)))

    def stop(self) -> None:
        """End all jobs and daemons, and remove the folder."""
        if len(self.daemons) == 3:
            self.run("scancel", "--state=PENDING", "-u", "root", check=False)
            self.run("scancel", "-u", "root", check=False)
            self._until(lambda: not self.run("squeue", "-h", check=False).strip(), 40)
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(timeout=20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        for link in self.links:
            link.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def _until(ready, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not ready() and time.monotonic() < deadline:
            time.sleep(0.5)


def _quiet(command: list[str]) -> subprocess.CompletedProcess:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
