"""A mail system of its own: Postfix, OpenDKIM, the milter and a sink, all on the loopback interface.

Nothing of the system's own configuration is read or written."""

import base64
import os
import pathlib
import smtplib
import socket
import socketserver
import subprocess
import threading
import time

PATIENCE = 30
TARGET = pathlib.Path(os.environ["LINKSEAL_TARGET"])
DOMAIN = "example.com"
RECIPIENT = "anna@example.org"
SELECTOR = "test"
MASTER_SERVICES = """\
pickup unix n - n 1 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, condition):
    """Returns what the condition returns, once that is true."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {PATIENCE} seconds")


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Sink(socketserver.ThreadingTCPServer):
    """Takes what Postfix delivers, byte by byte."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), SinkSession)
        self.port = self.server_address[1]
        self.messages = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def wait_for(self, case):
        """Returns the message that was sent with this X-Case field."""
        marker = b"X-Case: " + case.encode() + b"\r\n"
        return wait_for(f"message {case}", lambda: self.find(marker))

    def find(self, marker):
        return next((message for message in self.messages if marker in message), None)


class SinkSession(socketserver.StreamRequestHandler):
    def reply(self, *lines):
        self.wfile.write("".join(line + "\r\n" for line in lines).encode())

    def handle(self):
        self.reply("220 sink.example.org ESMTP")
        for line in self.rfile:
            verb = line.split(b" ", 1)[0].strip().upper()
            if verb == b"EHLO":
                # Without 8BITMIME Postfix would encode bodies itself.
                self.reply("250-sink.example.org", "250-PIPELINING", "250 8BITMIME")
            elif verb == b"DATA":
                self.reply("354 go on")
                self.server.messages.append(self.content())
                self.reply("250 taken")
            elif verb == b"QUIT":
                self.reply("221 bye")
                return
            else:
                self.reply("250 fine")

    def content(self):
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)


class Milter:
    """The program under test."""

    def __init__(self, folder):
        self.port = free_port()
        self.config = folder / "milter.toml"
        for name, digits in [("signing.key", "42"), ("recipients.key", "17")]:
            (folder / name).write_text(digits * 32)
            (folder / name).chmod(0o600)
        self.config.write_text(
            f'listen = "inet:{self.port}@127.0.0.1"\n'
            f'[domains."{DOMAIN}"]\n'
            f'tracking_host = "link.{DOMAIN}"\n'
            f'signing_key = {{ id = 1, file = "{folder}/signing.key" }}\n'
            f'recipient_key = {{ file = "{folder}/recipients.key" }}\n'
            'recipient_header = "X-Recipient-Id"\n'
            'tracking_header = "X-Tracking-Level"\n'
        )
        self.log = open(folder / "milter.log", "ab")
        self.start()

    def start(self):
        command = [TARGET / "debug" / "linkseal-milter", "--config", self.config]
        self.process = subprocess.Popen(command, stderr=self.log)
        wait_for("the milter", lambda: answers(self.port))

    def kill(self):
        self.process.kill()
        self.process.wait()


class OpenDkim:
    """Signs all that it is given."""

    def __init__(self, folder):
        self.socket = folder / "dkim.sock"
        key = folder / "dkim.key"
        # Not through this process's output: a private key is nothing for a log.
        subprocess.run(
            ["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True
        )
        key.chmod(0o600)
        public = subprocess.run(
            ["openssl", "rsa", "-in", key, "-pubout", "-outform", "DER"],
            check=True,
            capture_output=True,
        ).stdout
        self.record = base64.b64encode(public)
        config = folder / "opendkim.conf"
        config.write_text(
            f"Mode s\nDomain {DOMAIN}\nSelector {SELECTOR}\nKeyFile {key}\n"
            # Over TCP each packet would wait for the one before.
            f"Socket local:{self.socket}\nUMask 000\nInternalHosts 0.0.0.0/0\n"
            "Canonicalization relaxed/simple\nRequireSafeKeys no\nBackground no\nSyslog no\n"
            f"PidFile {folder}/opendkim.pid\n"
        )
        self.process = subprocess.Popen(["opendkim", "-f", "-x", config])
        wait_for("OpenDKIM", self.socket.exists)

    def kill(self):
        self.process.kill()
        self.process.wait()


class Postfix:
    """Two ports: while the milter is away, mail waits at the one, and passes at the other."""

    def __init__(self, folder, milter, signer, sink):
        self.tempfail, self.accept = free_port(), free_port()
        self.config = folder / "postfix"
        self.log = folder / "mail.log"
        for name in ["postfix", "queue", "data"]:
            (folder / name).mkdir()
        subprocess.run(["chown", "postfix", folder / "data"], check=True)
        milters = f"inet:127.0.0.1:{milter.port}, unix:{signer.socket}"
        lenient = f"{{ inet:127.0.0.1:{milter.port}, default_action=accept }}, unix:{signer.socket}"
        (self.config / "main.cf").write_text(self.settings(folder, milters, sink.port))
        (self.config / "master.cf").write_text(
            f"127.0.0.1:{self.tempfail} inet n - n - - smtpd\n"
            f"127.0.0.1:{self.accept} inet n - n - - smtpd\n"
            f"  -o {{ smtpd_milters = {lenient} }}\n" + MASTER_SERVICES
        )

    def start(self):
        self.run("postfix", "start")
        for port in [self.tempfail, self.accept]:
            wait_for("Postfix", lambda: answers(port))

    def settings(self, folder, milters, sink_port):
        return (
            "compatibility_level = 3.6\n"
            f"queue_directory = {folder}/queue\ndata_directory = {folder}/data\n"
            f"maillog_file = {self.log}\nmaillog_file_prefixes = {folder}\n"
            "inet_interfaces = loopback-only\ninet_protocols = ipv4\n"
            "myhostname = mx.example.net\nmydestination =\nalias_maps =\n"
            "mynetworks = 127.0.0.0/8\nrelay_domains = example.org\n"
            "smtpd_relay_restrictions = reject_unauth_destination\n"
            "smtpd_authorized_xclient_hosts = 127.0.0.1\nsmtpd_client_event_limit_exceptions = 127.0.0.0/8\n"
            f"default_transport = smtp:[127.0.0.1]:{sink_port}\n"
            f"relay_transport = smtp:[127.0.0.1]:{sink_port}\n"
            "default_destination_concurrency_limit = 4\n"
            # Longer lines would be cut on the way to the sink.
            "smtp_line_length_limit = 0\nsmtp_tls_security_level = none\n"
            # Addresses in header fields stay as they are, and no field is cut.
            "local_header_rewrite_clients =\nheader_size_limit = 500000\nmessage_size_limit = 40000000\n"
            f"smtpd_milters = {milters}\nnon_smtpd_milters = {milters}\n"
            "milter_protocol = 6\nmilter_default_action = tempfail\n"
            "milter_mail_macros = i\n"
            "milter_connect_timeout = 5s\n"
        )

    def run(self, program, *arguments):
        command = [program, "-c", self.config, *arguments]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == 0, (command, result.stderr, self.log.exists() and self.log.read_text())

    def stop(self):
        subprocess.run(["postfix", "-c", self.config, "stop"], capture_output=True, check=False)

    def send(self, message, *, port=None, client="ADDR=192.0.2.7 LOGIN=shop", recipients=(RECIPIENT,)):
        """Hands in one message as if from a client elsewhere; raises what smtplib raises."""
        with self.session(port, client) as smtp:
            smtp.sendmail(f"bounce@{DOMAIN}", recipients, message, ["BODY=8BITMIME"])

    def session(self, port=None, client="ADDR=192.0.2.7 LOGIN=shop"):
        smtp = smtplib.SMTP("127.0.0.1", port or self.tempfail, timeout=PATIENCE)
        smtp.ehlo()
        code, answer = smtp.docmd("XCLIENT", client)
        assert code == 220, answer
        smtp.ehlo()
        return smtp

    def send_locally(self, message):
        """As a program on this machine hands in mail."""
        subprocess.run(
            ["sendmail", "-C", self.config, "-i", "-f", f"bounce@{DOMAIN}", RECIPIENT],
            input=message.replace(b"\r\n", b"\n"),
            check=True,
        )
