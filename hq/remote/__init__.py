"""Another machine's `dev-hq serve`, driven from the command line: what `--server URL` does.

options.py reads the options, server.py says which server that is, client.py asks it, following.py reads its
server-sent events over lost connections. A file for each command: runs.py, quality.py, anomalies.py.
"""
