"""Messages as git 2.39, curl (GnuTLS and OpenSSL) and OpenSSH 9 print them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.git.process.children import Output
from pinner.git.process.failures import TRANSIENT, FailureKind, classify, git_reason

ACCESS = "access rights\nand the repository exists.\n"


@pytest.mark.parametrize(
    ("stderr", "kind"),
    [
        ("fatal: remote error: upload-pack: not our ref 1111", FailureKind.CORRUPT),
        ("fatal: git upload-pack: not our ref 1111", FailureKind.CORRUPT),
        ("fatal: unable to access 'https://x/': Could not resolve host: x", FailureKind.UNREACHABLE),
        ("fatal: unable to access 'https://x/': Could not resolve proxy: p", FailureKind.UNREACHABLE),
        (
            "fatal: unable to access 'https://x/': Failed to connect to x port 443 after 0 ms",
            FailureKind.UNREACHABLE,
        ),
        ("fatal: unable to look up x (port 9418) (Name or service not known)", FailureKind.UNREACHABLE),
        (
            "fatal: unable to connect to x:\nx[0: 127.0.0.1]: errno=Connection refused",
            FailureKind.UNREACHABLE,
        ),
        (
            "ssh: Could not resolve hostname x: Name or service not known\r\n"
            "fatal: Could not read from remote repository.\n\nPlease make sure you have the correct "
            + ACCESS,
            FailureKind.UNREACHABLE,
        ),
        (
            "ssh: connect to host x port 22: Connection timed out\r\nfatal: Could not read from remote repository.\n\n"
            "Please make sure you have the correct " + ACCESS,
            FailureKind.TIMEOUT,
        ),
        (
            "git@x: Permission denied (publickey).\r\nfatal: Could not read from remote repository.\n",
            FailureKind.AUTHENTICATION,
        ),
        (
            "Host key verification failed.\r\nfatal: Could not read from remote repository.\n",
            FailureKind.AUTHENTICATION,
        ),
        (
            "fatal: Could not read from remote repository.\n\nPlease make sure you have the correct "
            + ACCESS,
            FailureKind.AUTHENTICATION,
        ),
        (
            "ERROR: Repository not found.\nfatal: Could not read from remote repository.\n\n"
            "Please make sure you have the correct " + ACCESS,
            FailureKind.NOT_FOUND,
        ),
        (
            "fatal: could not read Username for 'https://x': terminal prompts disabled",
            FailureKind.AUTHENTICATION,
        ),
        (
            "remote: Invalid username or token.\nfatal: Authentication failed for 'https://x/'",
            FailureKind.AUTHENTICATION,
        ),
        (
            "fatal: unable to access 'https://x/': The requested URL returned error: 403",
            FailureKind.AUTHENTICATION,
        ),
        ("remote: Repository not found.\nfatal: repository 'https://x/' not found", FailureKind.NOT_FOUND),
        ("fatal: '/x' does not appear to be a git repository", FailureKind.NOT_FOUND),
        ("fatal: repository '/x' does not exist", FailureKind.NOT_FOUND),
        ("fatal: unable to access 'https://x/': The requested URL returned error: 503", FailureKind.SERVER),
        ("fatal: unable to access 'https://x/': The requested URL returned error: 429", FailureKind.SERVER),
        ("error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502", FailureKind.SERVER),
        ("fatal: early EOF\nfatal: fetch-pack: invalid index-pack output", FailureKind.INTERRUPTED),
        ("fatal: the remote end hung up unexpectedly", FailureKind.INTERRUPTED),
        ("fatal: read error: Connection reset by peer", FailureKind.INTERRUPTED),
        (
            "error: RPC failed; curl 56 GnuTLS recv error (-110): The TLS connection was non-properly terminated.",
            FailureKind.INTERRUPTED,
        ),
        (
            "error: RPC failed; curl 28 Operation too slow. Less than 1 bytes/sec transferred",
            FailureKind.TIMEOUT,
        ),
        (
            "fatal: unable to access 'https://x/': server certificate verification failed. CAfile: none CRLfile: none",
            FailureKind.CERTIFICATE,
        ),
        (
            "fatal: unable to access 'https://x/': SSL certificate problem: self-signed certificate",
            FailureKind.CERTIFICATE,
        ),
        ("fatal: https://x/info/refs not valid: is this a git repository?", FailureKind.PROTOCOL),
        ("fatal: protocol error: bad line length character: <htm", FailureKind.PROTOCOL),
        ("fatal: transport 'ext' not allowed", FailureKind.REFUSED),
        ("fatal: detected dubious ownership in repository at '/x'", FailureKind.UNTRUSTED),
        ("fatal: mismatched algorithms: client sha1; server sha256", FailureKind.UNSUPPORTED),
        ("error: unknown option `no-write-fetch-head'", FailureKind.UNSUPPORTED),
        ("fatal: write error: No space left on device", FailureKind.DISK_FULL),
        ("fatal: unexpected line in packed-refs: garbage", FailureKind.DAMAGED_MIRROR),
        ("error: file x.pack is far too short to be a packfile", FailureKind.DAMAGED_MIRROR),
        ("fatal: bad object refs/heads/main", FailureKind.DAMAGED_MIRROR),
        (
            "remote: aborting due to possible repository corruption on the remote side.\nfatal: early EOF",
            FailureKind.CORRUPT,
        ),
        ("remote: fatal: bad object 01\nfatal: early EOF", FailureKind.INTERRUPTED),
        ("remote: fatal: write error: No space left on device", FailureKind.DISK_FULL),
        (
            "kex_exchange_identification: Connection closed by remote host\r\nConnection closed by 192.0.2.1 port 22\r\n"
            "fatal: Could not read from remote repository.\n\nPlease make sure you have the correct "
            + ACCESS,
            FailureKind.DROPPED,
        ),
        (
            "kex_exchange_identification: read: Connection reset by peer\r\nConnection reset by 192.0.2.1 port 22\r\n",
            FailureKind.DROPPED,
        ),
        ("ssh_exchange_identification: Connection closed by remote host\r\n" + ACCESS, FailureKind.DROPPED),
        ("Connection closed by UNKNOWN port 65535\r\n" + ACCESS, FailureKind.DROPPED),
        ("Connection timed out during banner exchange\r\n" + ACCESS, FailureKind.DROPPED),
        (
            "ssh_dispatch_run_fatal: Connection to 192.0.2.1 port 22: Connection reset by peer\r\n" + ACCESS,
            FailureKind.DROPPED,
        ),
        (
            "git@x: Permission denied (publickey).\r\nConnection closed by 192.0.2.1 port 22\r\n",
            FailureKind.AUTHENTICATION,
        ),
        (
            "Received disconnect from 192.0.2.1 port 22:2: Too many authentication failures\r\n",
            FailureKind.AUTHENTICATION,
        ),
        ("Connection to x closed by remote host.\r\n" + ACCESS, FailureKind.INTERRUPTED),
        (
            "error: object 01: badEmail: bad email\nfatal: fsck error in packed object",
            FailureKind.FSCK,
        ),
        ("fatal: fsck failed", FailureKind.FSCK),
        (
            "warning: unable to access '/root/.config/git/attributes': Permission denied\nfatal: early EOF",
            FailureKind.INTERRUPTED,
        ),
        (
            "debug1: connect to address 192.0.2.1 port 22: Connection refused\nfatal: early EOF",
            FailureKind.INTERRUPTED,
        ),
        ("\x1b[33mhint:\x1b[m Repository not found.\nfatal: early EOF", FailureKind.INTERRUPTED),
        ("fatal: something never heard of", FailureKind.OTHER),
        ("", FailureKind.OTHER),
    ],
)
def test_kinds(stderr: str, kind: FailureKind) -> None:
    assert classify(stderr) is kind


def test_what_nobody_can_mend_by_waiting_is_not_tried_again() -> None:
    assert {
        FailureKind.NOT_FOUND,
        FailureKind.AUTHENTICATION,
        FailureKind.CERTIFICATE,
        FailureKind.PROTOCOL,
        FailureKind.REFUSED,
        FailureKind.DISK_FULL,
        FailureKind.CORRUPT,
        FailureKind.OTHER,
    }.isdisjoint(TRANSIENT)


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (Output(128, b"", "remote: hello\nerror: first\nfatal: second\n"), "first"),
        (
            Output(128, b"", "ssh: no route\r\nfatal: Could not read from remote repository.\n"),
            "ssh: no route",
        ),
        (Output(128, b"", "fatal: at https://anna:pw@x/\n"), "at https://***@x/"),
        (Output(128, b"", "fatal: \x1b[31mred\x07\x9b1m\n"), "red1m"),
        (
            Output(128, b"", "Welcome, all access is logged\nnode7: Permission denied (publickey).\r\n"),
            "node7: Permission denied (publickey).",
        ),
        (
            Output(
                128,
                b"",
                "12:00:00.000001 git.c:460   trace: built-in: git fetch\nwarning: core.x is deprecated\n"
                "debug1: Connecting to x\nssh: no route\n",
            ),
            "ssh: no route",
        ),
        (Output(128, b"", "warning: nothing else\n"), "nothing else"),
        (Output(-9, b"", ""), "git ended with status -9"),
        (Output(1, b"", f"fatal: {'x' * 400}\n"), "x" * 299 + "…"),
    ],
)
def test_reasons(output: Output, reason: str) -> None:
    assert git_reason(output) == reason


@given(st.text())
def test_a_reason_is_one_short_printable_line(stderr: str) -> None:
    reason = git_reason(Output(1, b"", stderr))
    assert len(reason) <= 300
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in reason)
