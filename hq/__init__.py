"""The way in: command line, HTTP, and the stack on this machine."""
