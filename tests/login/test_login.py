# SPDX-License-Identifier: Apache-2.0
"""Who logged in, from where, by which methods and with which key: session.start, exactly."""
import client
import keys
import pytest
import world
from logs import own

# What the session knows of itself: its connection, its audit session id, the process above sshd's user process.
SAY = 'echo $SSH_CONNECTION; cat /proc/self/sessionid; echo; cut -d" " -f4 /proc/$PPID/stat'
VARIES = ("version", "kernel", "probes", "cgroup_path", "strategy", "strategy_reason")


def expected_start(said, login="alice", user=None, rhost="127.0.0.1", **more):
    """From what the session has said of itself."""
    connection, audit_session, leader = said.decode().splitlines()
    source, source_port, destination, destination_port = connection.split()
    return {
        "login": login,
        "user": user or login,
        "service": "sshd",
        "leader_pid": int(leader),
        "audit_session_id": int(audit_session),
        "src_addr": source,
        "src_port": int(source_port),
        "dst_addr": destination,
        "dst_port": int(destination_port),
        "rhost": rhost,
        "tty": "ssh",
        "events_off": ["file"],
    } | more


def check(agent, out, *, uid=world.ALICE, count=1, **expected):
    """One session more, that began like this, in which just this ran."""
    session = agent.ended(count).sessions[-1]
    start = session.start
    told = {"login": start["login"], "user": start["user"]} | own(start)
    assert {name: value for name, value in told.items() if name not in VARIES} == expected_start(
        out, **expected
    )
    parent = session.shell(uid)["ppid"]
    assert session.programs(uid) == [
        ["sh", "-c", SAY],
        ["cat", "/proc/self/sessionid"],
        ["cut", "-d ", "-f4", f"/proc/{parent}/stat"],
    ]
    return session


def key_of(path, kind="ed25519"):
    return {"key_type": keys.KINDS[kind][1], "key_fingerprint": keys.fingerprint(path)}


def test_a_password(agent):
    out, _ = client.run(SAY, methods=["password"])
    check(agent, out, auth_method=["password"])


def test_keyboard_interactive(agent):
    out, _ = client.run(SAY, methods=["keyboard-interactive"])
    check(agent, out, auth_method=["keyboard-interactive/pam"])


def test_a_key_of_each_kind(agent):
    for count, kind in enumerate(keys.KINDS, 1):
        key = keys.make(f"bob-{kind}", kind)
        keys.authorize(key, "bob")
        out, _ = client.run(SAY, user="bob", key=key, methods=["publickey"])
        check(
            agent,
            out,
            uid=world.BOB,
            count=count,
            login="bob",
            auth_method=["publickey"],
            **key_of(key, kind),
        )


def test_two_methods_in_a_row(agent, alice):
    out, _ = client.run(SAY, port=2201, key=alice)
    check(agent, out, auth_method=["publickey", "password"], **key_of(alice))


def test_three_methods_in_their_order(agent, alice):
    out, _ = client.run(SAY, port=2203, key=alice)
    methods = ["password", "keyboard-interactive/pam", "publickey"]
    check(agent, out, auth_method=methods, **key_of(alice))


def test_two_keys_the_last_one_counts(agent):
    """Both methods are there; the key is that of the last."""
    first, second = keys.make("first"), keys.make("second", "rsa")
    keys.authorize(first, "bob")
    with open("/home/bob/.ssh/authorized_keys", "a") as file:
        file.write(keys.public(second).read_text())
    out, _ = client.run(SAY, user="bob", port=2204, key=first, more=[f"IdentityFile={second}"])
    check(
        agent,
        out,
        uid=world.BOB,
        login="bob",
        auth_method=["publickey", "publickey"],
        **key_of(second, "rsa"),
    )


def test_a_certificate_then_a_plain_key(agent):
    """Who it is, is in the certificate; the key that came after it says less, and is not taken for it."""
    key, told = certificate("cert-first", identity="jane", principals=["alice"], valid="always:forever")
    plain = keys.make("cert-second")
    keys.authorize(plain, "alice")
    try:
        more = [f"IdentityFile={plain}", f"CertificateFile={key}-cert.pub"]
        out, _ = client.run(SAY, port=2204, key=key, methods=["publickey"], more=more)
    finally:
        keys.authorize(keys.make("alice"), "alice")
    check(agent, out, auth_method=["publickey", "publickey"], user="jane", **told)


def test_over_ipv6(agent, alice):
    out, _ = client.run(SAY, key=alice, more=["HostName=::1"])
    session = check(agent, out, auth_method=["publickey"], rhost="::1", **key_of(alice))
    assert session.start["src_addr"] == session.start["dst_addr"] == "::1"


def certificate(name, kind="ed25519", authority="authority", **fields):
    """A key, its certificate, and what the log has to say of them."""
    key, signer = keys.make(name, kind), keys.make(authority)
    keys.certify(key, signer, **fields)
    base = keys.KINDS[kind][1]
    return key, {
        "key_type": f"{base}-cert-v01@openssh.com",
        "key_fingerprint": keys.fingerprint(key),
        "key_id": fields["identity"],
        "serial": str(fields.get("serial", 0)),
        "principals": fields["principals"],
        "ca_fingerprint": keys.fingerprint(signer),
        "ca_type": "ssh-ed25519",
    }


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa256"])
def test_a_certificate(agent, kind):
    """Its key id is who it is."""
    valid = {"valid": "20200102030405Z:20991231235958Z"}
    key, told = certificate(
        f"cert-{kind}",
        kind,
        identity="jane@example",
        principals=["alice", "root"],
        serial=2**64 - 1,
        **valid,
    )
    out, _ = client.run(SAY, key=key, methods=["publickey"])
    told |= {"valid_after": "2020-01-02T03:04:05Z", "valid_before": "2099-12-31T23:59:58Z"}
    check(agent, out, auth_method=["publickey"], user="jane@example", **told)


def test_a_certificate_that_is_valid_for_ever(agent):
    """What has no bound has no member."""
    key, told = certificate("cert-ever", identity="ever", principals=["alice"], valid="always:forever")
    out, _ = client.run(SAY, key=key, methods=["publickey"])
    check(agent, out, auth_method=["publickey"], user="ever", **told)


def test_a_certificate_and_a_password(agent):
    key, told = certificate("cert-two", identity="two", principals=["alice", "bob"], valid="always:forever")
    out, _ = client.run(SAY, port=2201, key=key)
    check(agent, out, auth_method=["publickey", "password"], user="two", **told)


@pytest.mark.parametrize(
    "identity",
    [
        "",
        "with space",
        'quote"\\',
        '\n{"event":"session.end"}',
        "\x1b[31mred",
        "caf\u00e9",
        "\u202egpj",
        "k" * 900,
    ],
    ids=["empty", "space", "quote", "newline", "escape", "utf8", "bidi", "long"],
)
def test_a_hostile_key_id(agent, identity):
    """Whoever has the authority's trust writes what he likes: it stays one string in one line."""
    key, told = certificate("cert-bad", identity=identity, principals=["alice"], valid="always:forever")
    out, _ = client.run(SAY, key=key, methods=["publickey"])
    if not identity:
        del told["key_id"]
    check(agent, out, auth_method=["publickey"], user=identity or "alice", **told)


def test_a_key_id_that_is_no_text(agent):
    """Its exact bytes are kept."""
    identity = b"caf\xe9".decode("utf-8", "surrogateescape")
    key, _ = certificate("cert-raw", identity=identity, principals=["alice"], valid="always:forever")
    client.run("true", key=key, methods=["publickey"])
    (session,) = agent.ended().sessions
    assert session.start["key_id"] == session.start["user"] == "caf\ufffd"
    assert session.start["raw"] == {"/key_id": "Y2Fm6Q==", "/user": "Y2Fm6Q=="}


def test_who_is_refused_has_no_session(agent):
    stranger = keys.make("stranger")
    client.run("true", key=stranger, methods=["publickey"], status=255)
    client.run(
        "true", methods=["password"], env={"SECRET": "wrong"}, more=["NumberOfPasswordPrompts=1"], status=255
    )
    assert agent.status()["sessions"] == {"open": 0, "opened": 0, "switched": 0, "refused": 0}
