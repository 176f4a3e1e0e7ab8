"""HTTP for every service: bounded connections, and problem+json for every error."""
