"""What tests of svc_voters share."""
