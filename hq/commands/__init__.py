"""The subcommands of `dev-hq`, one file each."""
