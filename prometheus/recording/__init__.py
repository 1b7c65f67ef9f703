"""What is recorded of services, targets and pools: the ground that scores, objectives and dashboards stand on."""
