"""A Redis server of the tests' own, which keeps nothing on disk."""

import random
import shutil
import signal
import socket
import subprocess
import tempfile

from gateway import DEADLINE, until

# Ports that the kernel gives to nobody by itself: a server that was killed finds its own free when it comes back.
PORTS = range(22_000, 32_000)


def free_port():
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


class Redis:
    """A `redis-server`, which is started by `with`, unless it shall come `later`. With `tls` it shows the `certificate`."""

    def __init__(self, later=False, tls=False):
        for needed in ["redis-server", "openssl"]:
            if not shutil.which(needed):
                raise AssertionError(f"{needed} is missing: scripts/test installs it")
        self._later, self._tls = later, tls
        self._process = None
        self._use(free_port())

    def __enter__(self):
        self._directory = tempfile.TemporaryDirectory()
        self.certificate = f"{self._directory.name}/certificate.pem"
        self._key = f"{self._directory.name}/key.pem"
        if self._tls:
            self._certify()
        while not self._later and not self.start():
            self._use(free_port())
        return self

    def __exit__(self, *_):
        self.kill()
        self._directory.cleanup()

    def start(self):
        """Starts it, empty; whether its port was free."""
        command = ["redis-server", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        command += ["--dir", self._directory.name]
        if self._tls:
            command += ["--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", "no"]
            command += ["--tls-cert-file", self.certificate, "--tls-key-file", self._key]
            command += ["--tls-ca-cert-file", self.certificate]
        else:
            command += ["--port", str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        mine = f"process_id:{self._process.pid}\r\n"
        until("an answer", lambda: self._process.poll() is not None or mine in self._says("info", "server"))
        return self._process.poll() is None

    def kill(self):
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self):
        """Connections stay open, and nothing answers."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self._process.send_signal(signal.SIGCONT)

    def _use(self, port):
        self.port = port
        self.url = f"{'rediss' if self._tls else 'redis'}://127.0.0.1:{port}"

    def _certify(self):
        """Makes a certificate for this server that nobody else vouches for."""
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        command += ["-keyout", self._key, "-out", self.certificate, "-subj", "/CN=redis"]
        command += ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"]
        subprocess.run(command, check=True, capture_output=True, timeout=DEADLINE)

    def _says(self, *command):
        """What the server answers, as `redis-cli` prints it."""
        tls = ["--tls", "--cacert", self.certificate] if self._tls else []
        asking = ["redis-cli", "-h", "127.0.0.1", "-p", str(self.port), *tls, *command]
        said = subprocess.run(asking, capture_output=True, timeout=DEADLINE)
        return said.stdout.decode()
