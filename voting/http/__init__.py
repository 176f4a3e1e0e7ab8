"""HTTP as every service serves it: bounded connections, and problem+json for every error."""
