#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""org.ptree1.xml says exactly what ptreed shows by introspection. usage: ptreed-introspection.py PTREED-FAKE XML"""
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree


def members(text, wanted):
    """Each member of the interfaces in @wanted as one comparable line."""
    lines = set()
    for interface in ElementTree.fromstring(text).iter("interface"):
        name = interface.get("name")
        if name not in wanted:
            continue
        for member in interface:
            if not isinstance(member.tag, str) or member.tag == "annotation":
                continue
            parts = [name, member.tag, member.get("name"), member.get("type", ""), member.get("access", "")]
            for child in member:
                if child.tag == "arg":
                    # "in" is the default of methods, "out" that of signals
                    parts.append(f'{child.get("name")}:{child.get("type")}:'
                                 f'{child.get("direction") or ("in" if member.tag == "method" else "out")}')
                elif child.tag == "annotation" and child.get("value") != "true":
                    parts.append(f'{child.get("name")}={child.get("value")}')
            lines.add(" ".join(parts))
    return lines


def main():
    fake, xml = sys.argv[1:]
    if not shutil.which("busctl") or not shutil.which("dbus-daemon"):
        return 77
    processes = []
    with tempfile.TemporaryDirectory() as directory:
        address = f"unix:path={directory}/bus"
        environment = dict(os.environ, PTREE_RUNTIME_DIR=f"{directory}/run")
        busctl = ["busctl", f"--address={address}"]
        try:
            processes.append(subprocess.Popen(["dbus-daemon", "--session", "--nofork", f"--address={address}"]))
            processes.append(subprocess.Popen(["sleep", "1000"]))
            while not os.path.exists(f"{directory}/bus"):
                time.sleep(0.02)
            processes.append(subprocess.Popen([fake, f"--bus-address={address}"], env=environment))
            for _ in range(250):
                called = subprocess.run(busctl + ["call", "org.ptree1", "/org/ptree1", "org.ptree1.Manager", "ClonePID",
                                                  "ua{sv}", str(processes[1].pid), "0"], capture_output=True, text=True)
                if called.returncode == 0:
                    break
                time.sleep(0.02)
            else:
                print("ptreed does not start:", called.stderr)
                return 1
            live = set()
            for path, interface in ("/org/ptree1", "org.ptree1.Manager"), ("/org/ptree1/clone/1", "org.ptree1.Clone"):
                text = subprocess.run(busctl + ["introspect", "--xml-interface", "org.ptree1", path],
                                      capture_output=True, text=True, check=True).stdout
                live |= members(text, {interface})
            subprocess.run(busctl + ["call", "org.ptree1", "/org/ptree1/clone/1", "org.ptree1.Clone", "Terminate"],
                           check=True)
        finally:
            for process in reversed(processes):
                process.terminate()
                process.wait()
    with open(xml, encoding="utf-8") as file:
        documented = members(file.read(), {"org.ptree1.Manager", "org.ptree1.Clone"})
    for line in sorted(documented - live):
        print("only in the file:", line)
    for line in sorted(live - documented):
        print("only in ptreed:  ", line)
    print(len(live), "members")
    return int(documented != live or not live)


sys.exit(main())
