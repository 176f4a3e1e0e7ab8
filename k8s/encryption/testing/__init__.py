"""What the component `encryption` deploys, on this machine, for its tests."""
