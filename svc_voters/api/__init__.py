"""The HTTP interface of svc_voters: what may be asked, and the answers."""
