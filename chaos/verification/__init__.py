"""Whether anyone would have been told: faults of known size against the alerts of a running stack."""
