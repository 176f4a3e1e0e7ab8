"""People who define, open and close polls, at svc_polls as organisers do."""
