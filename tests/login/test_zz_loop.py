import client, control, pytest, json, pathlib, subprocess, world, logs
@pytest.mark.parametrize("n", range(120))
def test_loop(agent, alice, n):
    import agent as a
    assert subprocess.run([a.SESHATD, "--foreground"], capture_output=True).returncode == 1
    for i in range(3):
        client.run("true", key=alice)
    try:
        import waiting, agent as a
        a.LIMIT = 30
        with a.LogTail() as lines:
            for _ in range(3):
                lines.wait(lambda l: l.startswith('{"event":"session.end"'), 5)
    except AssertionError:
        print("STATUS", {k: v for k, v in agent.status().items() if k in ("sessions","records","lost","ring","attached","sinks")})
        print("SESS", control.good("sessions")["sessions"])
        for c in world.cgroups():
            print("CG", c, pathlib.Path("/sys/fs/cgroup/unified"+c, "cgroup.procs").read_text().split(), pathlib.Path("/sys/fs/cgroup/unified"+c, "cgroup.events").read_text().split())
        print("ERR", agent.errors())
        for s in agent.log().sessions: print("LOG", len(s.records), s.records[-1]["event"], [ (r["pid"], r["ppid"], r["program"]) for r in s.of("session.exit")], [r["pid"] for r in s.probed()][-3:], {r["pid"] for r in s.probed()} - {r["pid"] for r in s.of("session.exit")})
        print("PROC", subprocess.run("ps -eo pid,ppid,stat,args | grep -E 'sshd|seshatd' | grep -v grep", shell=True, capture_output=True, text=True).stdout)
        raise
