"""Mail through a real Postfix: what arrives is what the rewriting alone makes of it, and a signature put on afterwards
verifies."""

import contextlib
import pathlib
import re
import signal
import smtplib
import subprocess
import sys
import tempfile
import threading
import time

import dkim

from mail_system import (
    DOMAIN,
    RECIPIENT,
    SELECTOR,
    TARGET,
    Milter,
    OpenDkim,
    Postfix,
    Sink,
    wait_for,
)
from messages import renamed, sample, split, with_line_ending, written

# What Postfix takes out of any message (message_drop_headers).
DROPPED = re.compile(rb"(?im)^(?:bcc|content-length|resent-bcc|return-path)[ \t]*:.*\r\n(?:[ \t].*\r\n)*")
TRACKED = re.compile(rb"https://link\.example\.com/[co]/")
OUTSIDE = "ADDR=192.0.2.7"


def rewritten(folder, messages, *options):
    """Returns what the rewriting makes of each message, without a mail server."""
    sent, expected = folder / "sent", folder / "expected"
    for place in [sent, expected]:
        place.mkdir(exist_ok=True)
    for case, message in messages.items():
        (sent / case).write_bytes(message)
    program = TARGET / "debug" / "examples" / "rewrite_message"
    command = [program, "--config", folder / "milter.toml", "--domain", DOMAIN, "--out-dir", expected]
    subprocess.run([*command, *options, *(sent / case for case in messages)], check=True)
    return {case: (expected / case).read_bytes() for case in messages}


class MailSystem:
    """All programs, and what they share."""

    def __init__(self, folder):
        self.folder = folder
        self.sink = Sink()
        with contextlib.ExitStack() as stack:
            self.milter = Milter(folder)
            stack.callback(lambda: self.milter.kill())
            self.signer = OpenDkim(folder)
            stack.callback(self.signer.kill)
            self.postfix = Postfix(folder, self.milter, self.signer, self.sink)
            stack.callback(self.postfix.stop)
            self.postfix.start()
            self.stack = stack.pop_all()

    def arrived(self, case):
        return split(self.sink.wait_for(case))

    def verifies(self, message):
        record = b"v=DKIM1; k=rsa; p=" + self.signer.record
        name = f"{SELECTOR}._domainkey.{DOMAIN}.".encode()
        return dkim.verify(message, dnsfunc=lambda asked, timeout=5: record if asked == name else None)


def send_all(system, messages):
    """Returns what Postfix refused for good."""
    refused = {}
    with system.postfix.session() as smtp:
        for case, message in messages.items():
            try:
                smtp.sendmail(f"bounce@{DOMAIN}", [RECIPIENT], message, ["BODY=8BITMIME"])
            except smtplib.SMTPDataError as error:
                assert error.smtp_code >= 500, (case, error)
                refused[case] = error
    return refused


def every_message_arrives_as_rewritten(system):
    messages = sample()
    expected = rewritten(system.folder, messages, "--recipient", RECIPIENT)
    refused = send_all(system, messages)
    changed, unsigned = 0, []
    for case in messages.keys() - refused.keys():
        header, body = split(messages[case])
        arrived_header, arrived_body = system.arrived(case)
        assert arrived_body == with_line_ending(split(expected[case])[1]), case
        # With a milter Postfix cuts fields at 60000 bytes.
        if len(header) < 60_000:
            assert arrived_header.endswith(DROPPED.sub(b"", header)), case
        if arrived_header.startswith(b"DKIM-Signature:"):
            assert system.verifies(system.sink.wait_for(case)), case
        else:
            unsigned.append(case)
        changed += arrived_body != body
    assert changed, "no message was rewritten"
    # OpenDKIM signs nothing that carries a signature it can't read.
    assert all(b"\r\nDKIM-Signature:" in messages[case] for case in unsigned), unsigned
    print(
        f"  {len(messages)} messages, {changed} rewritten, {len(refused)} refused by Postfix, "
        f"{len(unsigned)} not signed by OpenDKIM"
    )
    for case, error in refused.items():
        print(f"  refused: {case}: {error}")


def signed_message_arrives_untouched(system):
    for name in ["signed.eml", "smime.eml"]:
        message = written(name)
        system.postfix.send(message)
        header, body = system.arrived(name.removesuffix(".eml"))
        assert body == split(message)[1], name
        assert header.endswith(split(message)[0]), name


def forged_from_of_an_outside_client_stays_untouched(system):
    message = renamed(written("newsletter.eml"), "forged")
    message = b"X-Recipient-Id: r-42\r\n" + message
    system.postfix.send(message, client=OUTSIDE)
    header, body = system.arrived("forged")
    assert body == split(message)[1]
    assert header.endswith(split(message)[0])


def local_submission_is_rewritten(system):
    message = renamed(written("newsletter.eml"), "local")
    expected = rewritten(system.folder, {"local": message}, "--recipient", RECIPIENT)
    system.postfix.send_locally(message)
    assert system.arrived("local")[1] == split(expected["local"])[1]


def recipient_field_is_used_and_removed(system):
    message = b"X-Recipient-Id: r-42\r\n" + renamed(written("newsletter.eml"), "named")
    options = ["--recipient", RECIPIENT, "--recipient-id", "r-42"]
    expected = rewritten(system.folder, {"named": message}, *options)
    system.postfix.send(message)
    header, body = system.arrived("named")
    assert b"x-recipient-id" not in header.lower(), header
    assert body == split(expected["named"])[1]
    assert system.verifies(system.sink.wait_for("named"))


def tracking_fields_lower_the_level_and_are_removed(system):
    fields = b"X-Tracking-Level: clicks=anonymous,\r\n\topens=identified\r\nx-tracking-level: opens=off\r\n"
    message = fields + renamed(written("newsletter.eml"), "lowered")
    options = ["--recipient", RECIPIENT, "--tracking", "clicks=anonymous, opens=off"]
    expected = rewritten(system.folder, {"lowered": message}, *options)["lowered"]
    assert b"/c/" in expected and b"/o/" not in expected
    system.postfix.send(message)
    header, body = system.arrived("lowered")
    assert b"x-tracking-level" not in header.lower(), header
    assert body == split(expected)[1]
    assert system.verifies(system.sink.wait_for("lowered"))


def two_recipients_are_anonymous(system):
    both = [RECIPIENT, "bert@example.org"]
    message = b"X-Recipient-Id: r-42\r\n" + renamed(written("newsletter.eml"), "both")
    options = [option for recipient in both for option in ("--recipient", recipient)]
    expected = rewritten(system.folder, {"both": message}, *options)["both"]
    one = rewritten(system.folder, {"both": message}, "--recipient", RECIPIENT)["both"]
    assert expected != one and TRACKED.search(expected)
    system.postfix.send(message, recipients=both)
    header, body = system.arrived("both")
    assert b"x-recipient-id" not in header.lower(), header
    assert body == split(expected)[1]


def sent_while_the_milter_dies(system, case, port):
    """Returns what the client is told when the milter is killed with the message in its hands."""
    system.milter.process.send_signal(signal.SIGCONT)
    told = []
    message = renamed(written("newsletter.eml"), case)
    with system.postfix.session(port) as smtp:
        smtp.mail(f"bounce@{DOMAIN}")
        smtp.rcpt(RECIPIENT)
        # From here on the milter takes what it is sent, and answers nothing.
        system.milter.process.send_signal(signal.SIGSTOP)
        sending = threading.Thread(target=lambda: told.append(smtp.data(message)))
        sending.start()
        time.sleep(0.5)
        assert sending.is_alive(), told
        system.milter.kill()
        sending.join()
    system.milter.start()
    return told[0][0]


def killed_milter_loses_nothing(system):
    code = sent_while_the_milter_dies(system, "deferred", system.postfix.tempfail)
    assert 400 <= code < 500, code
    assert system.sink.find(b"X-Case: deferred\r\n") is None
    code = sent_while_the_milter_dies(system, "passed", system.postfix.accept)
    assert code == 250, code
    assert system.arrived("passed")[1] == split(written("newsletter.eml"))[1]
    # The sender tries again, as a queue does.
    message = renamed(written("newsletter.eml"), "deferred")
    system.postfix.send(message)
    assert TRACKED.search(system.arrived("deferred")[1])


def local_mail_waits_for_the_milter(system):
    system.milter.kill()
    message = renamed(written("newsletter.eml"), "waiting")
    expected = rewritten(system.folder, {"waiting": message}, "--recipient", RECIPIENT)
    system.postfix.send_locally(message)
    wait_for("a refusal", lambda: "Connection refused" in system.postfix.log.read_text())
    assert system.sink.find(b"X-Case: waiting\r\n") is None
    system.milter.start()
    assert system.arrived("waiting")[1] == split(expected["waiting"])[1]


def log_names_no_address(system):
    log = (system.folder / "milter.log").read_text()
    assert "outcome=\"rewritten\"" in log and "outcome=\"untrusted\"" in log
    assert "@" not in log, log
    assert "WARN" not in log, log


CASES = [
    every_message_arrives_as_rewritten,
    signed_message_arrives_untouched,
    forged_from_of_an_outside_client_stays_untouched,
    local_submission_is_rewritten,
    recipient_field_is_used_and_removed,
    tracking_fields_lower_the_level_and_are_removed,
    two_recipients_are_anonymous,
    log_names_no_address,
    killed_milter_loses_nothing,
    local_mail_waits_for_the_milter,
]


def main():
    # Whoever ends this must not leave a mail system behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    with tempfile.TemporaryDirectory(prefix="linkseal-") as name:
        folder = pathlib.Path(name)
        # Postfix's own user has to get in.
        folder.chmod(0o755)
        system = MailSystem(folder)
        with system.stack:
            for case in CASES:
                started = time.monotonic()
                print(case.__name__.replace("_", " "), flush=True)
                try:
                    case(system)
                except BaseException:
                    print((folder / "milter.log").read_text()[-5000:])
                    print(system.postfix.log.read_text()[-5000:])
                    raise
                print(f"  {time.monotonic() - started:.1f} s", flush=True)


if __name__ == "__main__":
    main()
