"""HAProxy, nginx or Caddy as Debian ships them, with the configurations of deploy/proxy moved to ports of their own."""
import os
import pathlib
import re
import socket
import subprocess
import time

SHIPPED = pathlib.Path(__file__).resolve().parent.parent / "proxy"


FILES = {"haproxy": "haproxy.cfg", "nginx": "nginx.conf", "caddy": "Caddyfile"}


class Proxy:
    """Nothing of the shipped file is changed but addresses, and where certificate and process id are."""

    def __init__(self, name, folder, tls_port, replica_ports):
        self.name = name
        self.tls_port = tls_port
        self.folder = pathlib.Path(folder)
        text = (SHIPPED / FILES[name]).read_text()
        for index, port in enumerate(replica_ports):
            text, count = re.subn(rf"127\.0\.0\.1:808{index + 1}\b", f"127.0.0.1:{port}", text)
            assert count == 1, "the shipped configuration names three servers"
        if name == "haproxy":
            text = text.replace("/etc/haproxy/certs/yolox.pem", f"{folder}/yolox.pem")
            text = text.replace("bind :443", f"bind 127.0.0.1:{tls_port}")
            text = text.replace("bind :80\n", f"bind 127.0.0.1:{tls_port + 1}\n")
            text = text.replace("127.0.0.1:8405", f"127.0.0.1:{tls_port + 2}")
            self.command = ["haproxy", "-db", "-f", str(self.folder / "haproxy.cfg")]
        elif name == "caddy":
            # A name that nobody owns gets no certificate; and the administrator's port may be taken.
            text = text.replace("yolox.example.org {", f"https://127.0.0.1:{tls_port} {{\n\ttls {folder}/yolox.crt {folder}/yolox.key")
            text = text.replace("{\n", f"{{\n\tadmin off\n\tauto_https disable_redirects\n\tdefault_bind 127.0.0.1\n", 1)
            self.command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(self.folder / "Caddyfile")]
        else:
            text = text.replace("/etc/nginx/certs/yolox", f"{folder}/yolox")
            text = re.sub(r"listen \[::\]:.*\n", "", text)
            text = text.replace("listen 443", f"listen 127.0.0.1:{tls_port}")
            text = text.replace("listen 80;", f"listen 127.0.0.1:{tls_port + 1};")
            text = text.replace("access_log /dev/stdout", f"access_log {folder}/nginx-access.log")
            text = f"pid {folder}/nginx.pid;\ndaemon off;\n" + text
            self.command = ["nginx", "-c", str(self.folder / "nginx.conf")]
        (self.folder / pathlib.Path(self.command[-1]).name).write_text(text)

    def __enter__(self):
        self.log = open(self.folder / f"{self.name}.log", "wb")
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 10
        while True:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not start; see {self.log.name}")
            try:
                socket.create_connection(("127.0.0.1", self.tls_port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        # HAProxy asks its servers for their health before it uses them.
        time.sleep(1.5)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()

    def processor_seconds(self):
        """Of the process and its workers (proc(5): the times are fields 14 and 15, the parent is field 4)."""
        ticks = 0
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                process, fields = stat.parent.name, stat.read_text().rsplit(")", 1)[1].split()
            except OSError:  # it has ended meanwhile
                continue
            if str(self.process.pid) in (process, fields[1]):
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    @property
    def url(self):
        return f"https://127.0.0.1:{self.tls_port}"


def make_certificate(folder):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-keyout", f"{folder}/yolox.key", "-out", f"{folder}/yolox.crt"],
        check=True, capture_output=True)
    pem = pathlib.Path(f"{folder}/yolox.crt").read_text() + pathlib.Path(f"{folder}/yolox.key").read_text()
    pathlib.Path(f"{folder}/yolox.pem").write_text(pem)
