#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every flag of every program is in its manual page, and no page names another.

  man_pages_test.py FOLDER PROGRAM...
"""
import os
import re
import subprocess
import sys

PAGES = {
    'kubectl': 'kubectl.1',
    'kubectl port-forward': 'kubectl-port-forward.1',
    'kube-apiserver': 'kube-apiserver.8',
    'kubelet': 'kubelet.8',
    'dockershim': 'dockershim.8',
    'fairway-up': 'fairway-up.1',
}
# pflag's lines: "  -o, --output=...: ..." and "  -o, --output string".
FLAG = re.compile(r'^  (?:  |-(\w),) +--([a-z0-9-]+)', re.M)
COMMAND = re.compile(r'^  ([a-z-]+) +\S', re.M)


def run(program, *words):
    ran = subprocess.run([program, *words], capture_output=True, text=True,
                         timeout=30, check=True)
    return ran.stdout


def commands(text):
    """The names that a help lists below its groups' titles."""
    sections = re.findall(r'Commands[^\n]*:\n((?:  \S.*\n)+)', text)
    return [name for lines in sections for name in COMMAND.findall(lines)]


def helps(path):
    """(page, help) of a program, for kubectl of each of its commands."""
    name = os.path.basename(path)
    if name != 'kubectl':
        yield PAGES[name], run(path, '--help')
        return
    yield PAGES[name], run(path, 'options')
    for command in commands(run(path, '--help')):
        text = run(path, command, '--help')
        yield PAGES.get('kubectl ' + command, PAGES[name]), text
        for child in commands(text):
            yield PAGES[name], run(path, command, child, '--help')


def main():
    folder, programs = sys.argv[1], sys.argv[2:]
    known = {page: set() for page in PAGES.values()}
    faults = []
    for path in programs:
        for page, text in helps(path):
            flags = FLAG.findall(text)
            known[page].update(name for _, name in flags)
            with open(os.path.join(folder, page)) as source:
                roff = source.read()
            for letter, name in flags:
                long = r'^\.It .*Fl Fl %s(?![a-z0-9-])' % name
                if not re.search(long, roff, re.M):
                    faults.append('%s: --%s is missing' % (page, name))
                elif letter and not re.search(r'^\.It Fl %s , Fl Fl %s\b' %
                                              (letter, name), roff, re.M):
                    faults.append('%s: -%s is missing' % (page, letter))
    for page, flags in known.items():
        if len(flags) < 5:
            faults.append('%s: only %d flags were found' % (page, len(flags)))
        with open(os.path.join(folder, page)) as source:
            items = re.findall(r'^\.It .*', source.read(), re.M)
        for item in items:
            for name in re.findall(r'Fl Fl ([a-z0-9-]+)', item):
                if name not in flags | {'help'}:
                    faults.append('%s: there is no --%s' % (page, name))
    for fault in sorted(set(faults)):
        print(fault)
    sys.exit(1 if faults else 0)


main()
