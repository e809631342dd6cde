# SPDX-License-Identifier: Apache-2.0
"""What the kernel makes of a script's arguments: no trace of system calls shows it, but the script does."""
LINE_LIMIT = 256  # bytes of a script that the kernel reads
NESTED_LIMIT = 5  # scripts that are each other's interpreters
BLANK = b" \t"


def words_of(path):
    """The interpreter of a script and its one argument, if it has one; nothing for what is no script, or is gone."""
    try:
        with open(path, "rb") as file:
            line = file.read(LINE_LIMIT).split(b"\n")[0]
    except OSError:
        return []
    if not line.startswith(b"#!"):
        return []
    interpreter = line[2:].strip(BLANK)
    for i, byte in enumerate(interpreter):
        if byte in BLANK:
            return [interpreter[:i], interpreter[i:].lstrip(BLANK)]
    return [interpreter]


def script_argv(path, filename, argv):
    """
    The words of the #! line and the script's own name take the place of argv[0] (execve(2)), again for as long as the
    interpreter is a script too.
    """
    argv = (filename,) + argv[1:]
    for _ in range(NESTED_LIMIT):
        words = words_of(path)
        if not words:
            break
        path = words[0]
        argv = (*words, *argv)
    return argv
