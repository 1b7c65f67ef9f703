"""A container without an engine: a program in a root, a network and a user of its own. Run as a program, with a JSON.

What an engine does with `read_only`, mounts, `tmpfs`, `user`, `group_add`, `cap_drop` and `no-new-privileges` is done
here by the same system calls, on the programs of this machine. There is no limit of memory, and no process namespace.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import socket
import struct
import sys
from pathlib import Path
from typing import Any

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = (
    1, 2, 4, 8, 32, 4096, 16384, 1 << 18,
)  # fmt: skip
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
LAST_CAPABILITY = 40
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
OF_THE_MACHINE = ("/bin", "/etc", "/lib", "/lib32", "/lib64", "/sbin", "/usr", "/proc", "/dev")
TMPFS_FLAGS = {"noexec": MS_NOEXEC, "nosuid": MS_NOSUID, "nodev": MS_NODEV}

libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    container = json.loads(sys.argv[1])
    _enter_network(container["network"])
    _call(libc.unshare, CLONE_NEWNS)
    _mount(None, "/", None, MS_REC | MS_PRIVATE)
    root = Path(container["root"])
    _make_root(root, container)
    os.chroot(root)
    os.chdir(container["directory"])
    if container["confined"]:
        _confine(container)
    os.execvpe(container["argv"][0], container["argv"], container["environment"])  # noqa: S606 - no shell, as there


def _enter_network(network: Any) -> None:
    """That of the machine (None), one of its own ("new"), or that of another process, by its number."""
    if os.geteuid() != 0:
        _become_root_of_a_namespace(network)
    if network == "new":
        _call(libc.unshare, CLONE_NEWNET)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP))
    elif network is not None:
        _join(f"/proc/{network}/ns/net", CLONE_NEWNET)


def _become_root_of_a_namespace(network: Any) -> None:
    if isinstance(network, int):
        _join(f"/proc/{network}/ns/user", CLONE_NEWUSER)
        return
    user, group = os.geteuid(), os.getegid()
    _call(libc.unshare, CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")


def _make_root(root: Path, container: dict[str, Any]) -> None:
    root.mkdir(parents=True, exist_ok=True)
    _mount("tmpfs", root, "tmpfs", 0, "mode=755")
    (root / "tmp").mkdir()
    for directory in filter(os.path.isdir, OF_THE_MACHINE):
        _bind(Path(directory), root / directory[1:], read_only=directory != "/dev")
    (root / container["directory"][1:]).mkdir(parents=True, exist_ok=True)
    for mount in container["mounts"]:
        _bind(Path(mount["source"]), root / mount["target"][1:], read_only=mount["read_only"])
    for mount in container["tmpfs"]:
        where, _, options = mount.partition(":")
        (root / where[1:]).mkdir(parents=True, exist_ok=True)
        words = options.split(",")
        flags = sum(TMPFS_FLAGS[word] for word in words if word in TMPFS_FLAGS)
        _mount("tmpfs", root / where[1:], "tmpfs", flags, ",".join(word for word in words if word not in TMPFS_FLAGS))
    if container["read_only"]:
        _mount(None, root, None, MS_REMOUNT | MS_RDONLY)


def _bind(source: Path, target: Path, *, read_only: bool) -> None:
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    _mount(source, target, None, MS_BIND | MS_REC)
    if read_only and os.geteuid() == 0 and source != Path("/proc"):
        _mount(None, target, None, MS_BIND | MS_REMOUNT | MS_RDONLY)


def _confine(container: dict[str, Any]) -> None:
    for capability in range(LAST_CAPABILITY + 1):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if container["user"] is not None and container["as_users"]:
        user, group = container["user"]
        os.setgroups([group, *container["groups"]])
        os.setgid(group)
        os.setuid(user)


def _join(namespace: str, kind: int) -> None:
    descriptor = os.open(namespace, os.O_RDONLY)
    _call(libc.setns, descriptor, kind)
    os.close(descriptor)


def _mount(source: str | Path | None, target: str | Path, kind: str | None, flags: int, options: str = "") -> None:
    _call(libc.mount, _bytes(source), _bytes(target), _bytes(kind), ctypes.c_ulong(flags), options.encode() or None)


def _bytes(value: str | Path | None) -> bytes | None:
    return None if value is None else str(value).encode()


def _call(function: Any, *arguments: object) -> None:
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function.__name__}{arguments}: {os.strerror(number)}")


if __name__ == "__main__":
    main()
