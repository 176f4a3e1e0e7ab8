"""The list of services, which the build, the tests and the tools read."""
